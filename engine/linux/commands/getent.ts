// getent: entries of the name service, by /etc files and the resolver.

import { filesOf } from '../host.ts';
import type { Program } from '../types.ts';
import { operands, parseOptions, put } from './options.ts';

export const getent: Program = function* (process) {
  const options = parseOptions(process, { short: '', usage: 'DATABASE [KEY...]' });
  operands(process, options.args, 1);
  const [database, ...keys] = options.args;
  if (database === 'hosts' || database === 'ahosts' || database === 'ahostsv4') {
    let status = 0;
    for (const key of keys) {
      const addresses = yield* process.host.resolve(key);
      if (!addresses?.length) status = 2;
      for (const address of addresses ?? []) {
        if (database === 'hosts') put(process, `${address.padEnd(15)} ${key}\n`);
        else
          for (const kind of ['STREAM', 'DGRAM', 'RAW'])
            put(process, `${address.padEnd(15)} ${kind.padEnd(6)} ${kind === 'STREAM' ? key : ''}\n`);
      }
    }
    return status;
  }
  if (database !== 'passwd' && database !== 'group') {
    process.stderr.write(`Unknown database: ${database}\n`);
    return 1;
  }
  const node = filesOf(process).find(`/etc/${database}`);
  const lines = node?.kind === 'file' ? node.text.split('\n').filter(Boolean) : [];
  if (!keys.length) put(process, lines.map((line) => line + '\n').join(''));
  let status = 0;
  for (const key of keys) {
    const line = lines.find((one) => one.split(':')[0] === key || one.split(':')[2] === key);
    if (line) put(process, line + '\n');
    else status = 2;
  }
  return status;
};
