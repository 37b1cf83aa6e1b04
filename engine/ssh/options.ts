// How ssh and scp are told what to do: options of the command line, ~/.ssh/config and /etc/ssh/ssh_config, the first
// value of each counts.

import { Exit, type FileSystem, type Process } from '../linux/index.ts';

/** Names as OpenSSH prints them, by the same in small letters. */
const KINDS: Readonly<Record<string, 'text' | 'texts' | 'port' | 'number' | 'time' | 'yesno' | readonly string[]>> = {
  addkeystoagent: ['no'],
  batchmode: 'yesno',
  checkhostip: 'yesno',
  clearallforwardings: 'yesno',
  compression: 'yesno',
  connecttimeout: 'time',
  exitonforwardfailure: 'yesno',
  forwardagent: ['no'],
  forwardx11: ['no'],
  globalknownhostsfile: 'text',
  hashknownhosts: ['no'],
  hostkeyalias: 'text',
  hostname: 'text',
  identitiesonly: 'yesno',
  identityfile: 'texts',
  localforward: 'texts',
  loglevel: ['quiet', 'fatal', 'error', 'info', 'verbose', 'debug', 'debug1', 'debug2', 'debug3'],
  numberofpasswordprompts: 'number',
  passwordauthentication: 'yesno',
  kbdinteractiveauthentication: 'yesno',
  port: 'port',
  preferredauthentications: 'text',
  proxyjump: 'text',
  pubkeyauthentication: 'yesno',
  requesttty: ['yes', 'no', 'force', 'auto'],
  sendenv: 'text',
  serveralivecountmax: 'number',
  serveraliveinterval: 'time',
  stricthostkeychecking: ['yes', 'no', 'off', 'ask', 'accept-new'],
  tcpkeepalive: 'yesno',
  updatehostkeys: 'yesno',
  user: 'text',
  userknownhostsfile: 'text',
  visualhostkey: ['no'],
};

export class SshOptions {
  private readonly values = new Map<string, string[]>();
  private readonly process: Process;

  constructor(process: Process) {
    this.process = process;
  }

  /** `Name=value` or `Name value`; `at`: where it stands. */
  set(text: string, at: string) {
    const match = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)?(.*?)\s*$/.exec(text);
    const name = (match?.[1] ?? '').toLowerCase();
    const value = (match?.[2] ?? '').replace(/^"(.*)"$/, '$1');
    const kind = KINDS[name];
    const wrong = (message: string): never => end(this.process, message);
    if (!kind) {
      const known = OTHERS.includes(name);
      return wrong(
        known
          ? `${at}: ${match?.[1]} is not modelled by this engine`
          : `${at}: Bad configuration option: ${name}${at.startsWith('command-line') ? '' : `\n${at.replace(/: line.*/, '')}: terminating, 1 bad configuration options`}`,
      );
    }
    // OpenSSH writes the place in two ways.
    const line = at.replace(': line', ' line');
    if (!value) return wrong(`${line}: missing argument.`);
    if (kind === 'yesno' && !['yes', 'no', 'true', 'false'].includes(value))
      return wrong(`${line}: unsupported option "${value}".`);
    if (Array.isArray(kind) && !kind.includes(value.toLowerCase()))
      return wrong(
        kind.length === 1
          ? `${line}: ${match?.[1]} ${value} is not modelled by this engine`
          : `${line}: unsupported option "${value}".`,
      );
    if (kind === 'time' && seconds(value) === undefined) return wrong(`${line}: invalid time value.`);
    if (kind === 'number' && !/^\d+$/.test(value)) return wrong(`${line}: integer value ${value} invalid.`);
    if (kind === 'port' && !isPort(value)) return wrong(`${line}: Bad number '${value}': invalid`);
    const list = this.values.get(name);
    if (!list) this.values.set(name, [value]);
    else if (kind === 'texts') list.push(value);
    return undefined;
  }

  text(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }
  texts(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
  is(name: string): boolean {
    return /^(yes|true)$/.test(this.text(name) ?? '');
  }
  /** ms */
  time(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : (seconds(value) as number) * 1000;
  }

  /** The sections of a file that are about a host. */
  readFile(fs: FileSystem, path: string, shown: string, host: string, isRequired = false) {
    const file = fs.find(path);
    if (file?.kind !== 'file') {
      if (isRequired) end(this.process, `Can't open user config file ${shown}: No such file or directory`);
      return;
    }
    if (!fs.may(file, 4)) end(this.process, `Can't open user config file ${shown}: Permission denied`);
    let applies = true;
    file.text.split('\n').forEach((line, i) => {
      const text = line.replace(/^\s+|\s+$/g, '');
      if (!text || text.startsWith('#')) return;
      const section = /^host(?:\s*=\s*|\s+)(.*)$/i.exec(text);
      if (section) applies = named(section[1].split(/\s+/), host);
      else if (/^match\b/i.test(text)) {
        if (!/^match\s+all$/i.test(text))
          end(this.process, `${shown} line ${i + 1}: Match is not modelled by this engine`);
        applies = true;
      } else if (applies) this.set(text, `${shown}: line ${i + 1}`);
    });
  }
}

/** Options that OpenSSH has and this engine has not. */
const OTHERS = [
  'addressfamily', 'bindaddress', 'bindinterface', 'canonicalizehostname', 'certificatefile', 'ciphers', 'controlmaster',
  'controlpath', 'controlpersist', 'dynamicforward', 'escapechar', 'hostbasedauthentication', 'hostkeyalgorithms',
  'identityagent', 'include', 'ipqos', 'kexalgorithms', 'localcommand', 'macs', 'permitlocalcommand', 'proxycommand',
  'pubkeyacceptedalgorithms', 'rekeylimit', 'remotecommand', 'remoteforward', 'sessiontype', 'setenv', 'stdinnull',
  'tunnel', 'verifyhostkeydns',
]; // prettier-ignore

function named(patterns: readonly string[], host: string): boolean {
  const fits = (pattern: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`,
    ).test(host);
  if (patterns.some((one) => one.startsWith('!') && fits(one.slice(1)))) return false;
  return patterns.some((one) => !one.startsWith('!') && fits(one));
}

/** OpenSSH: convtime, `90`, `1m30s`. */
function seconds(text: string): number | undefined {
  if (text === 'none') return 0;
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  return [...text.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit.toLowerCase() || 's'],
    0,
  );
}

export const isPort = (text: string): boolean => /^\d+$/.test(text) && Number(text) > 0 && Number(text) < 65_536;

/** The status of ssh when something has gone wrong on its side. */
export const FAILED = 255;

export function end(process: Process, message: string): never {
  process.stderr.write(`${message}\n`);
  throw new Exit(FAILED);
}

/** The letters before a word that is none, as getopt reads them (`a:` takes a value), and where that word stands. */
export function letters(
  argv: readonly string[],
  from: number,
  spec: string,
  wrong: (message: string) => never,
): { given: [letter: string, value: string][]; next: number } {
  const given: [string, string][] = [];
  let i = from;
  for (; i < argv.length; i++) {
    const word = argv[i];
    if (word === '--') return { given, next: i + 1 };
    if (word[0] !== '-' || word === '-') break;
    for (let k = 1; k < word.length; k++) {
      const letter = word[k];
      const at = letter === ':' ? -1 : spec.indexOf(letter);
      if (at < 0) wrong(`unknown option -- ${letter}`);
      if (spec[at + 1] !== ':') {
        given.push([letter, '']);
        continue;
      }
      const value: string | undefined = word.slice(k + 1) || argv[++i];
      if (value === undefined) wrong(`option requires an argument -- ${letter}`);
      given.push([letter, value]);
      break;
    }
  }
  return { given, next: i };
}
