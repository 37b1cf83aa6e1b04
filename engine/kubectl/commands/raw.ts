// create --raw and replace --raw: the text of a file, sent to an address of the server as it is.

import { wireJson } from '../../api/go-order.ts';
import type { Co } from '../../sim/index.ts';
import { CommandError } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { readStdin } from '../resource/manifest.ts';

export const RAW_FLAG: Flag = { name: 'raw', type: 'string', usage: 'Raw URI that the file is sent to.' };

export function* sendRaw(kubectl: Kubectl, args: Args, method: 'POST' | 'PUT'): Co {
  const files = args.strings('filename');
  if (files.length !== 1) throw new CommandError('--raw can only use a single local file or stdin');
  const [file] = files;
  if (file.startsWith('http://') || file.startsWith('https://')) throw new CommandError('--raw cannot read from a url');
  if (args.has('selector') && args.string('selector'))
    throw new CommandError('--raw and --selector are mutually exclusive');
  if (file !== '-' && !kubectl.fs.exists(file)) throw new CommandError(`open ${file}: no such file or directory`);
  const body = file === '-' ? yield* readStdin(kubectl) : kubectl.fs.readFile(file);
  const headers = { 'content-type': 'application/json', accept: 'application/json, */*' };
  const answer = yield* kubectl.send({ method, path: args.string('raw'), headers, body });
  kubectl.out(typeof answer.body === 'string' ? answer.body : wireJson(answer.body) + '\n');
}
