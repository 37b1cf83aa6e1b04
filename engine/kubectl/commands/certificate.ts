// kubectl certificate: approves or denies certificate signing requests.

import type { KubeObject } from '../../api/types.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { FILENAME_FLAGS, find, selectionOf } from '../resource/builder.ts';
import { replaceObject } from '../resource/rest.ts';

const decision = (name: string, type: 'Approved' | 'Denied', word: string): Command => ({
  name,
  short: `${name === 'approve' ? 'Approve' : 'Deny'} a certificate signing request`,
  usage: '(-f FILENAME | NAME)',
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    { name: 'force', type: 'bool', usage: 'Update the CSR even if it is already approved.' },
  ],
  *run(kubectl, args) {
    if (args.args.length === 0 && !args.strings('filename').length && !args.string('kustomize')) {
      throw new CommandError('one or more CSRs must be specified as <name> or -f <filename>');
    }
    if (args.string('kustomize') && (args.strings('filename').length || args.bool('recursive')))
      throw new CommandError("the -k flag can't be used with -f or -R");
    const names = args.args.length ? ['certificatesigningrequests', ...args.args] : [];
    const found = yield* find(kubectl, { ...selectionOf(args, { latest: true }), args: names });
    throwAll(found.errors);
    // No namespace is looked up for what files hold.
    const homeless = found.infos.find(
      (info) => info.source && info.mapping.namespaced && !info.object.metadata.namespace,
    );
    if (homeless) {
      const { groupVersion, resource } = homeless.mapping;
      throw new CommandError(`no namespace set on resource ${groupVersion}, Resource=${resource} "${homeless.name}"`);
    }
    const printer = changePrinter(kubectl, args, word);
    for (const { mapping, name: request, object } of found.infos) {
      if (object.kind !== 'CertificateSigningRequest')
        throw new CommandError(
          `can only handle certificates.k8s.io/v1 certificate signing requests, got ${object.apiVersion} ${object.kind}`,
        );
      const conditions: KubeObject[] = object.status?.conditions ?? [];
      let updated = object;
      if (args.bool('force') || !conditions.some((c) => (c as unknown as { type: string }).type === type)) {
        const now = `${new Date(kubectl.now).toISOString().slice(0, 19)}Z`;
        const condition = {
          type,
          status: 'True',
          reason: type === 'Approved' ? 'KubectlApprove' : 'KubectlDeny',
          message: `This CSR was ${word} by kubectl certificate ${name}.`,
          lastUpdateTime: now,
        };
        const kept = conditions.filter((c) => (c as unknown as { type: string }).type !== type);
        const body = { ...object, status: { ...object.status, conditions: [...kept, condition] } };
        updated = yield* replaceObject(kubectl, mapping, '', request, body, { subresource: 'approval' });
      }
      printer.print(updated);
    }
  },
});

export const certificate: Command = {
  name: 'certificate',
  short: 'Modify certificate resources',
  group: 'Cluster Management Commands',
  alone: 'always',
  commands: [decision('approve', 'Approved', 'approved'), decision('deny', 'Denied', 'denied')],
};
