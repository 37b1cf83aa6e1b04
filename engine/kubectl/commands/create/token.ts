// kubectl create token: a token for a service account.

import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import type { Command } from '../../command.ts';
import type { Mapping } from '../../discovery.ts';
import { CommandError, StatusError, usageError } from '../../errors.ts';
import type { Kubectl } from '../../kubectl.ts';
import { PRINT_FLAGS, outputFormat, outputPrinter } from '../../output/printers.ts';
import { localMapping } from '../../resource/builder.ts';
import { createObject } from '../../resource/rest.ts';

export const token: Command = {
  name: 'token',
  typed: true,
  short: 'Request a service account token',
  usage: 'SERVICE_ACCOUNT_NAME',
  flags: [
    ...PRINT_FLAGS,
    {
      name: 'audience',
      type: 'array',
      usage: 'Audience of the requested token. May be repeated to request a token valid for multiple audiences.',
    },
    { name: 'duration', type: 'duration', usage: 'Requested lifetime of the issued token.' },
    {
      name: 'bound-object-kind',
      type: 'string',
      usage: 'Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret.',
    },
    { name: 'bound-object-name', type: 'string', usage: 'Name of an object to bind the token to.' },
    { name: 'bound-object-uid', type: 'string', usage: 'UID of an object to bind the token to.' },
  ],
  *run(kubectl, args) {
    if (args.args.length !== 1) throw usageError(kubectl.path, `exactly one NAME is required, got ${args.args.length}`);
    const [name] = args.args;
    const duration = args.duration('duration');
    if (duration < 0) throw new CommandError('--duration must be greater than or equal to 0');
    if (duration % 1000 !== 0) throw new CommandError('--duration cannot be expressed in units less than seconds');
    const spec: Record<string, unknown> = {
      audiences: args.strings('audience').length ? args.strings('audience') : null,
    };
    if (duration) spec.expirationSeconds = duration / 1000;
    const kind = args.string('bound-object-kind');
    if (kind) {
      if (!['Node', 'Pod', 'Secret'].includes(kind))
        throw new CommandError('supported --bound-object-kind values are Node, Pod, Secret');
      if (!args.string('bound-object-name'))
        throw new CommandError('--bound-object-name is required if --bound-object-kind is provided');
      spec.boundObjectRef = {
        kind,
        apiVersion: 'v1',
        name: args.string('bound-object-name'),
        uid: args.string('bound-object-uid'),
      };
    } else if (args.string('bound-object-name') || args.string('bound-object-uid')) {
      throw new CommandError(
        `--bound-object-${args.string('bound-object-name') ? 'name' : 'uid'} can only be set if --bound-object-kind is provided`,
      );
    }
    const account = localMapping({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: {} });
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
    const answer = yield* requested(kubectl, account, request, name);
    if (!answer.status?.token) throw new CommandError('failed to create token: no token in server response');
    if (outputFormat(args).format === '') kubectl.line(answer.status.token);
    else outputPrinter(kubectl, args).print(answer);
  },
};

function* requested(kubectl: Kubectl, account: Mapping, request: object, name: string): Co<KubeObject> {
  try {
    return yield* createObject(kubectl, account, kubectl.namespace, request, { subresource: 'token' }, name);
  } catch (error) {
    throw error instanceof StatusError ? new CommandError(`failed to create token: ${error.message}`) : error;
  }
}
