// zkCli.sh: the client of ZooKeeper, with a command in its arguments or commands on its input.

import { LineReader, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { ask, type Reply, type Znode } from './zookeeper.ts';

const date = (at: number) =>
  new Date(at).toUTCString().replace(/^(...), (..) (...) (....) (\S+) GMT$/, '$1 $3 $2 $5 UTC $4');
const stat = (node: Znode, children: number) =>
  `cZxid = 0x${node.czxid.toString(16)}\nctime = ${date(node.ctime)}\nmZxid = 0x${node.mzxid.toString(16)}\nmtime = ${date(node.mtime)}\npZxid = 0x${node.pzxid.toString(16)}\ncversion = ${node.cversion}\ndataVersion = ${node.version}\naclVersion = 0\nephemeralOwner = 0x0\ndataLength = ${node.data.length}\nnumChildren = ${children}\n`;

/** zkCli.sh with a command in its arguments, or with commands on its input. */
export const zkCli = (old: boolean): Program =>
  function* (process): Co<number> {
    const words = process.argv.slice(1);
    let target = 'localhost:2181';
    if (words[0] === '-server') target = words.splice(0, 2)[1];
    const [host, port = '2181'] = target.split(':');
    process.stdout.write(`Connecting to ${target}\n`);
    const commands = words.length ? [words] : [];
    if (words.length === 0) {
      const input = new LineReader(process.stdin);
      for (let line = yield* input.line(); line !== undefined; line = yield* input.line()) {
        const parts = line.trim().split(/\s+/);
        if (parts[0] === 'quit') break;
        if (parts[0]) commands.push(parts);
      }
    }
    yield 400;
    let status = 0;
    let first = true;
    for (const [op, ...rest] of commands) {
      const args = rest.filter((word) => !/^-[sewR]$/.test(word));
      if (!['create', 'set', 'delete', 'get', 'ls', 'stat'].includes(op)) {
        process.stderr.write(`zkCli.sh: the command "${op}" is not modelled by this engine\n`);
        status = 1;
        continue;
      }
      const answer = yield* ask(
        process,
        host,
        Number(port),
        JSON.stringify({ op, path: args[0] ?? '', data: args[1] }),
      );
      if (answer === undefined) {
        process.stderr.write(`KeeperErrorCode = ConnectionLoss for ${args[0]}\n`);
        return 1;
      }
      if (first) process.stdout.write('\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n');
      first = false;
      const reply = JSON.parse(answer) as Reply;
      if (reply.error) {
        const lost = reply.error === 'ConnectionLoss';
        process.stderr.write(lost ? `KeeperErrorCode = ConnectionLoss for ${args[0]}\n` : `${reply.error}\n`);
        status = 1;
        continue;
      }
      const about = reply.node ? stat(reply.node, reply.children?.length ?? 0) : '';
      const full = old || rest.includes('-s');
      if (op === 'create') process.stdout.write(`Created ${args[0]}\n`);
      else if (op === 'get') process.stdout.write(`${reply.data}\n${full ? about : ''}`);
      else if (op === 'ls') process.stdout.write(`[${reply.children?.join(', ')}]\n`);
      else if (op === 'stat' || (op === 'set' && old)) process.stdout.write(about);
    }
    return status;
  };
