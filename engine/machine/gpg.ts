// gpg, as far as installing a repository's key needs it: --dearmor.

import { decode, filesOf, fromBase64, readAll, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { die, readFlags } from './flags.ts';

const BLOCK =
  /-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[^\n]+: [^\n]*\n)*\n([A-Za-z0-9+/=\s]+?)(?:\n=[A-Za-z0-9+/]{4})?\n-----END/;

export const gpg: Program = function* (process: Process): Co<number> {
  const flags = readFlags(
    process.argv.slice(1),
    { dearmor: 'bool', output: 'string', yes: 'bool', batch: 'bool' },
    { o: 'output' },
    (text) => die(process, `gpg: ${text}; not modelled by this engine`, 2),
  );
  if (!flags.bool('dearmor')) return die(process, 'gpg: only --dearmor is modelled by this engine', 2);
  const [path] = flags.args;
  const text = path === undefined ? yield* readAll(process.stdin) : filesOf(process).readFile(path);
  const block = BLOCK.exec(text);
  if (!block) return die(process, 'gpg: no valid OpenPGP data found.\ngpg: dearmoring failed: No data', 2);
  const key = decode(fromBase64(block[1].replace(/\s/g, '')).bytes);
  const output = flags.string('output');
  if (output === undefined) process.stdout.write(key);
  else if (filesOf(process).exists(output) && !flags.bool('yes'))
    return die(process, `gpg: dearmoring failed: File exists`, 2);
  else filesOf(process).writeFile(output, key);
  return 0;
};
