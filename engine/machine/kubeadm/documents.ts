// Configuration files of kubeadm: documents of kubeadm's own kinds and of the components', told apart by version and kind.

import { FsError } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import type { Session } from './session.ts';
import { checkDocument, hasKind, KINDS, VERSIONS, type Document } from './types.ts';

export const GROUP = 'kubeadm.k8s.io';
const NEWEST = 'v1beta4';
/** Versions that are gone, with the last release of kubeadm that read them. */
const GONE: Readonly<Record<string, string>> = {
  v1alpha1: 'v1.11',
  v1alpha2: 'v1.12',
  v1alpha3: 'v1.14',
  v1beta1: 'v1.15',
  v1beta2: 'v1.22',
};
export const KUBELET = 'KubeletConfiguration';
export const KUBE_PROXY = 'KubeProxyConfiguration';
/** The components' configurations that kubeadm knows. */
const COMPONENT_KINDS: Readonly<Record<string, string>> = {
  [KUBELET]: 'kubelet.config.k8s.io/v1beta1',
  [KUBE_PROXY]: 'kubeproxy.config.k8s.io/v1alpha1',
};
const MIGRATE =
  "kubeadm config migrate --old-config old.yaml --new-config new.yaml', which will write the new, similar spec using a newer API version.";

/** By kind. */
export type Documents = ReadonlyMap<string, Document>;

export interface Reading {
  /** Unknown fields and kinds are errors, not warnings. */
  strict?: boolean;
  /** Deprecated versions are read without a word. */
  quiet?: boolean;
}

/** As Go prints it. */
const gvkOf = (group: string, version: string, kind: string) =>
  `schema.GroupVersionKind{Group:${JSON.stringify(group)}, Version:${JSON.stringify(version)}, Kind:${JSON.stringify(kind)}}`;

/** The text of a file as a command's working directory sees it. */
export function textOf(session: Session, path: string): string {
  const { cwd, host } = session.process;
  try {
    return host.fs.view({ cwd }).readFile(path);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return session.fail(
      `unable to read config from ${JSON.stringify(path)} : open ${path}: ${error.message.toLowerCase()}`,
    );
  }
}

/** The documents of a file, in the newest version. */
export function readDocuments(session: Session, text: string, { strict, quiet }: Reading = {}): Documents {
  const found = new Map<string, Document>();
  const unknown: string[] = [];
  for (const one of text.split(/^---(?:[ \t].*)?$/m)) {
    const document = parse(session, one);
    if (document === undefined) continue;
    const { apiVersion, kind } = document;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !apiVersion || !kind)
      return session.fail(
        'invalid configuration for GroupVersionKind /, Kind=: kind and apiVersion is mandatory information that must be specified',
      );
    if (found.has(kind))
      return session.fail(`invalid configuration: kind ${JSON.stringify(kind)} is specified twice in YAML file`);
    const slash = apiVersion.indexOf('/');
    const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
    if (group === GROUP) found.set(kind, own(session, version, kind, document, { strict, quiet }));
    else if (COMPONENT_KINDS[kind] === apiVersion) found.set(kind, document);
    else if (strict) unknown.push(gvkOf(group, version, kind));
    else if (COMPONENT_KINDS[kind]?.startsWith(`${group}/`))
      return session.fail(
        `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/kubernetes/cmd/kubeadm/app/componentconfigs/scheme.go:33"`,
      );
    else
      session.log(
        'W',
        'initconfiguration.go:344',
        `[config] WARNING: Ignored configuration document with GroupVersionKind ${group ? `${apiVersion}` : version}, Kind=${kind}`,
      );
  }
  if (unknown.length) return session.fail(`unknown configuration APIs: [${unknown.join(' ')}]`);
  return found;
}

function parse(session: Session, text: string): Document | undefined {
  const parsed = part('yaml').parseDocument(text, { schema: 'core' });
  const [problem] = parsed.errors;
  if (problem) {
    const line = problem.linePos?.[0].line;
    return session.fail(
      `error converting YAML to JSON: yaml: ${line === undefined ? '' : `line ${line}: `}${problem.message.split(/ at line |\n/, 1)[0]}`,
    );
  }
  const value = parsed.toJS({ maxAliasCount: 100 }) as unknown;
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value))
    return session.fail(
      `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type runtime.TypeMeta`,
    );
  return value as Document;
}

/** A document of kubeadm's own group, converted to the newest version. */
function own(
  session: Session,
  version: string,
  kind: string,
  document: Document,
  { strict, quiet }: Reading,
): Document {
  const apiVersion = `${GROUP}/${version}`;
  if (GONE[version])
    return session.fail(
      `your configuration file uses an old API spec: ${JSON.stringify(apiVersion)} (kind: ${JSON.stringify(kind)}). Please use kubeadm ${GONE[version]} instead and run '${MIGRATE}`,
    );
  if (!VERSIONS[version] || !hasKind(version, kind)) {
    if (strict) return session.fail(`unknown configuration APIs: [${gvkOf(GROUP, version, kind)}]`);
    return session.fail(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/scheme/scheme.go:33"`,
    );
  }
  if (version !== NEWEST && !quiet)
    session.log(
      'W',
      'common.go:101',
      `your configuration file uses a deprecated API spec: ${JSON.stringify(apiVersion)} (kind: ${JSON.stringify(kind)}). Please use '${MIGRATE}`,
    );
  const { unknown, wrong, known } = checkDocument(version, kind, document);
  const problem = wrong ?? (unknown.length ? `strict decoding error: ${fields(unknown)}` : undefined);
  if (problem !== undefined) {
    const text = `error unmarshaling configuration ${gvkOf(GROUP, version, kind)}: ${problem}`;
    if (strict) return session.fail(text);
    session.log('W', 'initconfiguration.go:333', text);
    if (wrong !== undefined) return session.fail(wrong);
  }
  return version === NEWEST ? known : converted(known);
}

const fields = (paths: readonly string[]) => paths.map((path) => `unknown field ${JSON.stringify(path)}`).join(', ');

/** From v1beta3: flags were maps, and two timeouts stood elsewhere. */
function converted(document: Document): Document {
  const walk = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value;
    if (typeof value !== 'object' || value === null) return value;
    if (name === 'extraArgs' || name === 'kubeletExtraArgs')
      return Object.keys(value)
        .sort()
        .map((flag) => ({ name: flag, value: String((value as Document)[flag]) }));
    const made: Document = {};
    for (const key in value) made[key] = walk((value as Document)[key], key);
    return made;
  };
  const made = walk(document, '') as Document;
  made.apiVersion = `${GROUP}/${NEWEST}`;
  const apiServer = made.apiServer as Document | undefined;
  delete apiServer?.timeoutForControlPlane;
  const discovery = made.discovery as Document | undefined;
  if (discovery?.timeout !== undefined) {
    made.timeouts = { discovery: discovery.timeout };
    delete discovery.timeout;
  }
  return made;
}

export const isOwn = (kind: string): boolean => KINDS.includes(kind);

/** YAML with the fields in order, as kubeadm writes it. */
export const toText = (value: unknown): string => part('kubectl').toYaml(sorted(value) as object);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const made: Document = {};
  for (const key of Object.keys(value).sort()) {
    const one = (value as Document)[key];
    if (one !== undefined) made[key] = sorted(one);
  }
  return made;
}

/** `over` on top of `base`: maps field by field, anything else as a whole. */
export function merged(base: Document, over: Document): Document {
  const made: Document = { ...base };
  for (const key in over) {
    const [a, b] = [base[key], over[key]];
    if (b === null) continue;
    made[key] = isMap(a) && isMap(b) ? merged(a, b) : b;
  }
  return made;
}

const isMap = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
