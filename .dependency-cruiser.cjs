// Imports point downwards in the picture only (README): site → sandbox → engine, and inside the engine from
// the components to the client, from kubectl and the API server to the catalogue, from all to sim.

/** Whoever needs a part of the engine that loads on demand asks the table of parts for it. */
const PARTS = '^engine/parts/index.ts$';

/** What of certificates and keys is small enough to be there from the start. */
const KEYS = '^engine/pki/(credentials|token-key|well-known).ts$';

/** A component of the cluster talks to the API server through engine/client and knows no other component. */
const components = ['controllers', 'scheduler', 'kubelet', 'kube-proxy', 'coredns', 'cni', 'gateway', 'ingress-nginx'];
const outside = (from, ...allowed) => ({
  name: `${from}-knows-only-what-is-below`,
  severity: 'error',
  from: { path: `^engine/${from}/` },
  to: { path: '^engine/', pathNot: [`^engine/(${[from, ...allowed].join('|')})/`, PARTS, KEYS] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      // The shell's interpreter and its expansions ($(…), functions, subshells) run each other.
      from: { pathNot: '^engine/shell/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'engine-stands-alone',
      severity: 'error',
      from: { path: '^engine/' },
      to: { path: '^(src|test|content)/' },
    },
    {
      name: 'engine-needs-only-pure-libraries',
      severity: 'error',
      from: { path: '^engine/' },
      to: {
        dependencyTypes: ['npm', 'core', 'npm-dev'],
        pathNot: ['node_modules/yaml/', 'node_modules/@noble/', 'node_modules/@marcbachmann/cel-js/'],
      },
    },
    {
      name: 'site-reaches-the-engine-through-the-sandbox',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(sandbox|cli|tools)/' },
      to: { path: '^engine/' },
    },
    outside('sim'),
    outside('etcd', 'sim'),
    outside('quota', 'api'),
    outside('api', 'sim'),
    outside('pki', 'linux'),
    outside('cel', 'api'),
    outside('apiserver', 'cel', 'quota', 'api', 'etcd', 'sim', 'linux'),
    outside('client', 'apiserver', 'api', 'sim'),
    outside('linux', 'sim', 'shell'),
    outside('shell', 'linux', 'sim'),
    outside('images', 'linux', 'shell', 'sim', 'api'),
    outside('kubectl', 'apiserver', 'api', 'linux', 'sim'),
    ...components.map((name) =>
      outside(name, 'client', 'apiserver', 'quota', 'api', 'linux', 'shell', 'images', 'sim'),
    ),
    {
      name: 'only-contracts-of-the-api-server',
      severity: 'error',
      from: { path: `^engine/(client|kubectl|${components.join('|')})/` },
      to: { path: '^engine/apiserver/', pathNot: '^engine/apiserver/(types.ts$|patch/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
