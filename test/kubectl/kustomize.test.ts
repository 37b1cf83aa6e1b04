// kustomize through `kubectl kustomize`: what comes out of a directory, byte for byte as kustomize 5.7 prints it.

import { describe, expect, test } from 'vitest';
import { Machine } from './support.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: a
    image: nginx:1.25
    envFrom: [{configMapRef: {name: c}}]
  - {name: b, image: busybox}
`;

const build = (files: Record<string, string>, dir = '.') => new Machine(files).run(`kubectl kustomize ${dir}`);

describe('what a kustomization makes', () => {
  const rows: [name: string, files: Record<string, string>, expected: string][] = [
    [
      'a generated config map gets the hash of its content, whatever its prefix',
      { 'kustomization.yaml': 'namePrefix: x-\nconfigMapGenerator:\n- name: example\n  literals: [FOO=Bar]\n' },
      'apiVersion: v1\ndata:\n  FOO: Bar\nkind: ConfigMap\nmetadata:\n  name: x-example-42cfbf598f\n',
    ],
    [
      'a long secret value stands in lines of 70',
      {
        'kustomization.yaml': `secretGenerator:\n- name: s\n  options: {disableNameSuffixHash: true}\n  literals: [a=${'1234567890'.repeat(6)}]\n`,
      },
      'apiVersion: v1\ndata:\n  a: |\n    MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMj\n    M0NTY3ODkw\nkind: Secret\nmetadata:\n  name: s\ntype: Opaque\n',
    ],
    [
      'references follow a new name, images change, patched containers come first',
      {
        'kustomization.yaml':
          'resources: [pod.yaml]\nnameSuffix: "-2"\nimages: [{name: nginx, newTag: "1.27"}]\nconfigMapGenerator: [{name: c, literals: [a=b], options: {disableNameSuffixHash: true}}]\npatches:\n- patch: |-\n    {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: b, image: null, command: [sh]}]}}\n',
        'pod.yaml': POD,
      },
      'apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  name: c-2\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p-2\nspec:\n  containers:\n  - command:\n    - sh\n    name: b\n  - envFrom:\n    - configMapRef:\n        name: c-2\n    image: nginx:1.27\n    name: a\n',
    ],
    [
      'labels with selectors reach the selector and the template, without them only the metadata',
      {
        'kustomization.yaml':
          'resources: [d.yaml]\nlabels:\n- pairs: {a: "1"}\n- pairs: {b: "2"}\n  includeSelectors: true\n',
        'd.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {}}}\n',
      },
      'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    a: "1"\n    b: "2"\n  name: d\nspec:\n  selector:\n    matchLabels:\n      b: "2"\n  template:\n    metadata:\n      labels:\n        b: "2"\n    spec: {}\n',
    ],
    [
      'a JSON patch and a replacement change the selected objects',
      {
        'kustomization.yaml':
          'resources: [pod.yaml]\npatches:\n- target: {kind: P.d}\n  patch: |-\n    - {op: remove, path: /spec/containers/0/envFrom}\n    - {op: add, path: /metadata/labels, value: {app: x}}\nreplacements:\n- source: {kind: Pod, fieldPath: "spec.containers.[name=b].image"}\n  targets: [{select: {kind: Pod}, fieldPaths: [metadata.labels.app]}]\n',
        'pod.yaml': POD,
      },
      'apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    app: busybox\n  name: p\nspec:\n  containers:\n  - image: nginx:1.25\n    name: a\n  - image: busybox\n    name: b\n',
    ],
    [
      'an overlay merges into the generator of its base, a component into its parent',
      {
        'base/kustomization.yaml':
          'configMapGenerator: [{name: c, literals: [a=b], options: {disableNameSuffixHash: true}}]\n',
        'comp/kustomization.yaml':
          'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {by: comp}\n',
        'kustomization.yaml':
          'resources: [base]\ncomponents: [comp]\nnamespace: ns\nconfigMapGenerator: [{name: c, behavior: merge, literals: [d=e], options: {disableNameSuffixHash: true}}]\n',
      },
      'apiVersion: v1\ndata:\n  a: b\n  d: e\nkind: ConfigMap\nmetadata:\n  annotations:\n    by: comp\n  name: c\n  namespace: ns\n',
    ],
  ];
  test.each(rows)('%s', (_, files, expected) => {
    expect(build(files)).toEqual({ stdout: expected, stderr: '', exitCode: 0 });
  });

  test('objects come in the order in which they can be created', () => {
    const all =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n';
    const { stdout } = build({ 'kustomization.yaml': 'resources: [all.yaml]\n', 'all.yaml': all });
    expect([...stdout.matchAll(/^kind: (\w+)/gm)].map((m) => m[1])).toEqual(['Namespace', 'Service', 'Deployment']);
  });
});

describe('what is refused', () => {
  const rows: [kustomization: string, error: string][] = [
    ['foo: bar', 'error: invalid Kustomization: json: unknown field "foo"\n'],
    [
      'configMapGenerator: 3',
      'error: invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.configMapGenerator of type []types.ConfigMapArgs\n',
    ],
    ['{}', 'error: kustomization.yaml is empty\n'],
    [
      'resources: [a.yaml]',
      "error: accumulating resources: accumulation err='accumulating resources from 'a.yaml': evalsymlink failure on '/srv/a.yaml' : lstat /srv/a.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/srv/a.yaml' : lstat /srv/a.yaml: no such file or directory\n",
    ],
    [
      `patches: [{patch: '[{"op": "add", "path": "/x", "value": 1}]'}]`,
      'error: must specify a target for JSON patch [patch: "[{\\"op\\": \\"add\\", \\"path\\": \\"/x\\", \\"value\\": 1}]"]\n',
    ],
    [
      'configMapGenerator: [{name: a, literals: [x]}]',
      'error: loading KV pairs: literal sources [x]: invalid literal source x, expected key=value\n',
    ],
  ];
  test.each(rows)('%s', (text, error) => {
    expect(build({ 'kustomization.yaml': `${text}\n` })).toEqual({ stdout: '', stderr: error, exitCode: 1 });
  });
});
