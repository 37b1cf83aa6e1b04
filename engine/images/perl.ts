// perl, as far as the documentation's Job needs it: digits of pi by bignum. Other programs are refused.

import type { Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';

/** The first `digits` significant digits of pi, rounded, by Machin's formula. */
export function pi(digits: number): string {
  const guard = 12;
  const unit = 10n ** BigInt(digits - 1 + guard);
  const arctan = (inverse: bigint) => {
    let term = unit / inverse;
    let sum = term;
    const square = inverse * inverse;
    for (let n = 3n; term !== 0n; n += 2n) {
      term /= -square;
      sum += term / n;
    }
    return sum;
  };
  const scaled = 4n * (4n * arctan(5n) - arctan(239n));
  const half = 5n * 10n ** BigInt(guard - 1);
  const text = String((scaled + half) / 10n ** BigInt(guard));
  return text.length > 1 ? `${text[0]}.${text.slice(1)}` : text;
}

/** Virtual ms that bignum needs for so many digits: about 4 s for 2,000. */
const COST_PER_SQUARED_DIGIT = 0.001;

const perl = (version: string): Program =>
  function* (process): Co<number> {
    const { argv } = process;
    if (argv[1] === '-v' || argv[1] === '--version') {
      process.stdout.write(
        `\nThis is perl 5, version ${version.split('.')[1]}, subversion ${version.split('.')[2]} (v${version}) built for x86_64-linux-gnu\n`,
      );
      return 0;
    }
    const bignum = argv.some((arg) => /^-Mbignum=(.*,)?bpi$/.test(arg));
    const flag = argv.findIndex((arg) => /^-[wlne]*e$/.test(arg));
    const code = flag >= 0 ? (argv[flag + 1] ?? '') : '';
    const printPi = /^\s*print\s+bpi\(\s*(\d+)\s*\)\s*;?\s*$/.exec(code);
    const printText = /^\s*print\s+(?:"((?:[^"\\$@]|\\.)*)"|'([^']*)')\s*;?\s*$/.exec(code);
    const newline = flag >= 0 && argv[flag].includes('l') ? '\n' : '';
    if (bignum && printPi) {
      const digits = Number(printPi[1]);
      if (digits < 1 || digits > 20_000) {
        process.stderr.write('perl: bpi is modelled for 1 to 20000 digits by this engine\n');
        return 255;
      }
      yield 50 + digits * digits * COST_PER_SQUARED_DIGIT;
      process.stdout.write(pi(digits) + newline);
      return 0;
    }
    yield 10;
    if (printText) {
      const text = printText[1]?.replace(/\\n/g, '\n').replace(/\\t/g, '\t').replace(/\\(.)/g, '$1') ?? printText[2];
      process.stdout.write(text + newline);
      return 0;
    }
    process.stderr.write(
      'perl: only printing a text and `-Mbignum=bpi … print bpi(N)` are modelled by this engine, Perl programs are not run\n',
    );
    return 255;
  };

export const perlRepositories: Repository[] = [
  {
    names: ['docker.io/library/perl'],
    tags: {
      '5.34': '5.34.3',
      '5.34.0': '5.34.0',
      '5.34.1': '5.34.1',
      '5.36': '5.36.3',
      '5.38': '5.38.5',
      '5.40': '5.40.3',
      '5.42': '5.42.0',
      '5': '5.42.0',
      latest: '5.42.0',
    },
    size: 336_374_010,
    cmd: ['perl5', '-de0'],
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.filter((name) => name !== 'perl').concat('curl', 'wget'),
    os: 'Debian GNU/Linux 11 (bullseye)',
    versionedPrograms: (version) => ({ '/usr/local/bin/perl': perl(version), '/usr/local/bin/perl5': perl(version) }),
  },
];
