// The pure parts of the site: what the search understands, what is linked, what an editor's text means, what goes stale.
import { describe, expect, test } from 'vitest';
import { isComplete, parseCommands } from '../../src/cells/commands.ts';
import { keysOf } from '../../src/cells/keys.ts';
import { pictureHtml, pictureSummary } from '../../src/cells/picture.ts';
import { commandNames, type SearchEntry } from '../../src/search/entries.ts';
import { termSearch } from '../../src/search/terms.ts';
import { withPolicy } from '../../src/site/csp.ts';
import { prose } from '../../src/site/content.ts';
import { termMatcher } from '../../src/site/terms.ts';

describe('the commands in an editor', () => {
  test('are one a line, with the node that a prompt names', () => {
    expect(parseCommands('kubectl get pods\n\nworker-1$ ip route')).toEqual([
      { on: undefined, command: 'kubectl get pods' },
      { on: 'worker-1', command: 'ip route' },
    ]);
  });

  test('reach over lines in here-documents, quotes, loops, pipes and after a backslash', () => {
    const commands = [
      'cat <<EOF > a.yaml\nkind: Pod\n\nEOF',
      "echo 'two\nlines'",
      'for i in 1 2; do\n  echo $i\ndone',
      'while true\ndo echo y; done',
      'kubectl get pods |\n  wc -l',
      'kubectl run web \\\n  --image=nginx',
    ];
    expect(parseCommands(commands.join('\n')).map(({ command }) => command)).toEqual(commands);
  });

  test('are complete when the words for loops are only arguments or comments', () => {
    expect(isComplete('echo if you do')).toBe(true);
    expect(isComplete("echo it # don't")).toBe(true);
    expect(isComplete('if true; then')).toBe(false);
  });
});

describe('the keys of examples', () => {
  const page = [
    { source: 'a', fresh: false },
    { source: 'b', fresh: false },
    { source: 'c', fresh: true },
    { source: 'd', fresh: false },
  ];
  const edited = (index: number, source: string) =>
    keysOf(page.map((cell, each) => (each === index ? { ...cell, source } : cell)));

  test('change with an edit for that example and those that build on it, up to the next new cluster', () => {
    const before = keysOf(page);
    const after = edited(0, 'A');
    expect(before.map((key, index) => key === after[index])).toEqual([false, false, true, true]);
  });

  test('are the old ones again when the edit is taken back', () => {
    expect(edited(1, 'b')).toEqual(keysOf(page));
  });
});

describe('terms in prose', () => {
  const { find, slugsIn } = termMatcher([
    { slug: 'service', term: 'Service', aliases: ['Services', 'svc'] },
    { slug: 'service-account', term: 'ServiceAccount', aliases: ['service account'] },
    { slug: 'taint', term: 'taint', aliases: ['taints'] },
    { slug: 'pod', term: 'Pod', aliases: ['Pods'] },
    { slug: 'pod-template', term: 'Pod template', aliases: [] },
  ]);

  test('a kind is met in its own spelling, another word in any', () => {
    expect(slugsIn('a service, Services and Taints')).toEqual(['service', 'taint']);
  });

  test('the longest term wins, whole words only', () => {
    expect(slugsIn('The Pod template of a service account; PodSpec, Pod-like, a.Pod')).toEqual([
      'pod-template',
      'service-account',
    ]);
    expect(find('two Pods')).toEqual([{ slug: 'pod', start: 4, end: 8 }]);
  });

  test('code, headings and links are not prose', () => {
    const text = prose(
      '---\ntitle: Pod\n---\n# Pod\n\n`Pod` [Pod](/x/) <b id="Pod">\n\n```yaml\nkind: Pod\n```\nService\n',
    );
    expect(slugsIn(text)).toEqual(['service']);
  });
});

describe('the search for names', () => {
  const entries: SearchEntry[] = [
    { kind: 'Term', title: 'DaemonSet', url: '/glossary/daemonset/', also: 'ds DaemonSets' },
    { kind: 'Note', title: 'DaemonSets', url: '/notes/workloads/daemonsets/' },
    { kind: 'Term', title: 'PodDisruptionBudget', url: '/glossary/pdb/', also: 'pdb' },
    { kind: 'Name', title: 'CrashLoopBackOff', url: '/notes/x/' },
    { kind: 'Field', title: 'maxUnavailable', url: '/notes/y/' },
    {
      kind: 'Claim',
      title: 'A DaemonSet keeps one copy of its Pod on every node.',
      url: '/notes/z/',
      also: 'workloads-001',
    },
  ];
  const search = termSearch(entries);
  const titles = (query: string) => search(query).entries.map(({ title }) => title);

  test.each([
    ['daemnoset', 'DaemonSet'],
    ['pdb', 'PodDisruptionBudget'],
    ['ds', 'DaemonSet'],
    ['crash loop', 'CrashLoopBackOff'],
    ['unavailable', 'maxUnavailable'],
    ['maxunavail', 'maxUnavailable'],
    ['disrupton budget', 'PodDisruptionBudget'],
    ['workloads-001', 'A DaemonSet keeps one copy of its Pod on every node.'],
  ])('%s finds %s first', (query, title) => {
    expect(titles(query)[0]).toBe(title);
  });

  test('a slip is put right for the full text, too', () => {
    expect(search('daemnoset').query.toLowerCase()).toMatch(/^daemonsets?$/);
    expect(titles('daemnoset')).toContain('DaemonSets');
  });

  test('what nothing resembles finds nothing', () => {
    expect(titles('xyzzyq')).toEqual([]);
  });

  test('a command line is known by its programs and verbs', () => {
    expect(commandNames('kubectl rollout undo deployment/web && A=1 kubectl get pods -o json | jq .items')).toEqual([
      'kubectl rollout undo',
      'kubectl get',
      'jq',
    ]);
  });
});

test('the policy admits the inline scripts and styles of a page by hash, and no others', () => {
  const html = withPolicy('<html><head></head><script>run()</script><p style="color:red"></p></html>');
  const policy = /content="([^"]*)"/.exec(html)![1]!;
  expect(policy).toContain(`script-src 'self' 'wasm-unsafe-eval' 'sha256-`);
  expect(policy).toContain(`style-src-attr 'unsafe-hashes' 'sha256-`);
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain("'unsafe-eval'");
});

test('the picture of a cluster says in words what it draws', () => {
  const pod = (name: string, phase: string, status: string) => ({
    namespace: 'default',
    name,
    phase,
    status,
    ready: phase === 'Running',
  });
  const picture = {
    now: 0,
    nodes: [
      {
        name: 'worker-1',
        ready: false,
        schedulable: true,
        pods: [pod('a', 'Running', 'Running'), pod('<b>', 'Pending', 'ErrImagePull')],
      },
    ],
    pending: [pod('c', 'Pending', 'Pending')],
  };
  expect(pictureSummary(picture)).toBe('1 node (1 not ready), 3 Pods, 1 ready, 1 waiting for a node');
  const html = pictureHtml(picture);
  expect(html).toContain('&lt;b&gt;, ErrImagePull');
  expect(html).not.toContain('<b>');
  expect(html).toContain('data-state="failed"');
});
