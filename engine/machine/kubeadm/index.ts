// kubeadm: installs, joins, resets and upgrades the nodes of a cluster, and renews their certificates. A part of the engine that loads when it first runs.
// To add a command: its flags and its function, in a file beside this one, and a line in the table here.

import { BUILD } from '../../api/build.ts';
import { ApiError } from '../../client/index.ts';
import type { Process, Program } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { die, readFlags, type Flags, type FlagSpec } from '../flags.ts';
import { certs, CERTS_FLAGS, KUBECONFIG_FLAGS, userKubeconfig } from './certs.ts';
import { config, CONFIG_FLAGS } from './configuration.ts';
import { init, INIT_FLAGS } from './init.ts';
import { join, JOIN_FLAGS } from './join.ts';
import { reset, RESET_FLAGS } from './reset.ts';
import { Session, type KubeadmTargets } from './session.ts';
import { token, TOKEN_FLAGS } from './token.ts';
import { upgrade, UPGRADE_FLAGS } from './upgrade.ts';

export { detachedSignature } from './jws.ts';
export type { KubeadmTargets };

const COMMANDS: Readonly<Record<string, [flags: FlagSpec, run: (session: Session, flags: Flags) => Co<number>]>> = {
  certs: [CERTS_FLAGS, certs],
  config: [CONFIG_FLAGS, config],
  init: [INIT_FLAGS, init],
  join: [JOIN_FLAGS, join],
  kubeconfig: [KUBECONFIG_FLAGS, userKubeconfig],
  reset: [RESET_FLAGS, reset],
  token: [TOKEN_FLAGS, token],
  upgrade: [UPGRADE_FLAGS, upgrade],
  version: [{ output: 'string' }, version],
};

export const kubeadm = (targets: KubeadmTargets): Program =>
  function* (process): Co<number> {
    const [, name = ''] = process.argv;
    const command = COMMANDS[name];
    if (!command) return unknown(process, name);
    const flags = readFlags(
      process.argv.slice(1),
      { ...command[0], v: 'string' },
      { c: 'context-lines', o: 'output', y: 'yes', f: 'force', v: 'v' },
      (text) => die(process, `error: ${text}\nTo see the stack trace of this error execute with --v=5 or higher`),
    );
    yield 100;
    const session = new Session(process, targets);
    try {
      return yield* command[1](session, flags);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return session.fail(error.message);
    }
  };

function unknown(process: Process, name: string): number {
  if (name === '') return die(process, 'kubeadm without a command is not modelled by this engine');
  const real = ['completion', 'help'];
  if (real.includes(name)) return die(process, `kubeadm ${name} is not modelled by this engine`);
  return die(
    process,
    `error: unknown command ${JSON.stringify(name)} for "kubeadm"\nTo see the stack trace of this error execute with --v=5 or higher`,
  );
}

/** As Go prints a structure. */
// eslint-disable-next-line require-yield
function* version(session: Session, flags: Flags): Co<number> {
  const [major, minor] = session.version.slice(1).split('.');
  const info: Record<string, string> = {
    major,
    minor,
    emulationMajor: '',
    emulationMinor: '',
    minCompatibilityMajor: '',
    minCompatibilityMinor: '',
    gitVersion: session.version,
    ...BUILD,
  };
  const told = Object.keys(info).filter((name) => info[name] !== '');
  switch (flags.string('output') ?? '') {
    case '': {
      const fields = Object.keys(info).map(
        (name) => `${name[0].toUpperCase()}${name.slice(1)}:${JSON.stringify(info[name])}`,
      );
      session.say(`kubeadm version: &version.Info{${fields.join(', ')}}`);
      return 0;
    }
    case 'short':
      session.say(session.version);
      return 0;
    case 'json':
      session.say(
        JSON.stringify({ clientVersion: Object.fromEntries(told.map((name) => [name, info[name]])) }, null, 2),
      );
      return 0;
    case 'yaml':
      session.say(
        'clientVersion:',
        ...told
          .sort()
          .map(
            (name) =>
              `  ${name}: ${/^\d+$/.test(info[name]) || name === 'buildDate' ? JSON.stringify(info[name]) : info[name]}`,
          ),
      );
      return 0;
    default:
      return session.fail(`invalid output format: ${flags.string('output')}`);
  }
}
