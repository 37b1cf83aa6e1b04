// Base images of programming languages: the shell and the commands are there, the interpreter or compiler says its
// version and refuses programs.

import type { Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { execArguments } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases, variants } from './versions.ts';

/** Says its version when asked, ends at the end of its input when that is what it reads, refuses everything else. */
const language = (what: string, versions: Record<string, string>, reads = false): Program =>
  function* (process): Co<number> {
    yield 15;
    const [path, ...words] = process.argv;
    const name = path.split('/').pop() as string;
    const version = versions[words[0]];
    if (version !== undefined) {
      process.stdout.write(`${version}\n`);
      return 0;
    }
    // An interpreter without arguments runs what it reads; in a Pod that is nothing.
    if (reads && words.length === 0 && !process.tty && ((yield* process.stdin.read()) ?? '') === '') return 0;
    process.stderr.write(`${name}: ${what} programs are not run by this engine\n`);
    return 1;
  };

interface Language {
  names: readonly string[];
  releases: readonly string[];
  suffixes: readonly string[];
  size: number;
  /** Programs by path, of a version. */
  programs: (version: string) => Record<string, Program>;
  env: (version: string) => Record<string, string>;
  cmd: readonly string[];
  entrypoint?: string;
  more?: Record<string, string>;
}

const java = (version: string): Record<string, Program> => {
  const build = version.startsWith('8') ? `1.8.0_${version.split('u')[1] ?? '472'}` : version;
  const said = `openjdk version "${build}"\nOpenJDK Runtime Environment (build ${build})\nOpenJDK 64-Bit Server VM (build ${build}, mixed mode, sharing)`;
  return {
    '/opt/java/openjdk/bin/java': language('Java', { '-version': said, '--version': said }),
    '/opt/java/openjdk/bin/javac': language('Java', { '-version': `javac ${build}`, '--version': `javac ${build}` }),
    '/opt/java/openjdk/bin/jshell': language('Java', {}, true),
  };
};
const jdk = { suffixes: ['jdk', 'jre', 'alpine', 'jdk-alpine', 'jre-alpine', 'slim', 'jdk-slim', 'jre-slim', 'jammy', 'jdk-jammy', 'jre-jammy', 'noble'], size: 158_000_000, programs: java, cmd: ['jshell'] }; // prettier-ignore

const JAVA_PATH = '/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const table: Language[] = [
  {
    names: ['docker.io/library/node'],
    releases: ['10.24.1', '12.22.12', '14.21.3', '16.20.2', '18.20.8', '20.19.6', '22.21.1', '24.12.0', '25.2.1'],
    suffixes: ['alpine', 'slim', 'bookworm', 'bookworm-slim', 'bullseye', 'bullseye-slim', 'trixie'],
    more: { lts: '24.12.0', current: '25.2.1', 'lts-alpine': '24.12.0-alpine', 'lts-slim': '24.12.0-slim' },
    size: 400_000_000,
    entrypoint: 'docker-entrypoint.sh',
    cmd: ['node'],
    env: (version) => ({ NODE_VERSION: version, YARN_VERSION: '1.22.22' }),
    programs: (version) => ({
      '/usr/local/bin/node': language('JavaScript', { '--version': `v${version}`, '-v': `v${version}` }, true),
      '/usr/local/bin/npm': language('JavaScript', { '--version': '11.6.2', '-v': '11.6.2' }),
      '/usr/local/bin/npx': language('JavaScript', {}),
      '/usr/local/bin/yarn': language('JavaScript', { '--version': '1.22.22' }),
    }),
  },
  {
    names: ['docker.io/library/golang'],
    releases: [
      '1.16.15',
      '1.17.13',
      '1.18.10',
      '1.19.13',
      '1.20.14',
      '1.21.13',
      '1.22.12',
      '1.23.12',
      '1.24.11',
      '1.25.5',
    ],
    suffixes: ['alpine', 'bookworm', 'bullseye', 'trixie', 'alpine3.22'],
    size: 310_000_000,
    cmd: ['bash'],
    env: (version) => ({
      GOLANG_VERSION: version,
      GOTOOLCHAIN: 'local',
      GOPATH: '/go',
      PATH: '/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    }),
    programs: (version) => ({
      '/usr/local/go/bin/go': language('Go', { version: `go version go${version} linux/amd64` }),
    }),
  },
  {
    names: ['docker.io/library/ruby'],
    releases: ['2.7.8', '3.0.7', '3.1.7', '3.2.9', '3.3.10', '3.4.8'],
    suffixes: ['alpine', 'slim', 'bookworm'],
    size: 390_000_000,
    cmd: ['irb'],
    env: (version) => ({ RUBY_VERSION: version, LANG: 'C.UTF-8' }),
    programs: (version) => ({
      '/usr/local/bin/ruby': language('Ruby', { '--version': `ruby ${version}`, '-v': `ruby ${version}` }, true),
      '/usr/local/bin/irb': language('Ruby', {}, true),
    }),
  },
  {
    names: ['docker.io/library/rust'],
    releases: ['1.75.0', '1.80.1', '1.85.1', '1.88.0', '1.90.0', '1.91.1', '1.92.0'],
    suffixes: ['alpine', 'slim', 'bookworm', 'slim-bookworm'],
    size: 620_000_000,
    cmd: ['bash'],
    env: (version) => ({
      RUST_VERSION: version,
      RUSTUP_HOME: '/usr/local/rustup',
      CARGO_HOME: '/usr/local/cargo',
      PATH: '/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    }),
    programs: (version) => ({
      '/usr/local/cargo/bin/rustc': language('Rust', { '--version': `rustc ${version}`, '-V': `rustc ${version}` }),
      '/usr/local/cargo/bin/cargo': language('Rust', { '--version': `cargo ${version}`, '-V': `cargo ${version}` }),
    }),
  },
  {
    names: ['docker.io/library/gcc'],
    releases: ['11.5.0', '12.5.0', '13.4.0', '14.3.0', '15.2.0'],
    suffixes: ['bookworm', 'trixie'],
    size: 530_000_000,
    cmd: ['bash'],
    env: (version) => ({ GCC_VERSION: version }),
    programs: (version) => ({
      '/usr/local/bin/gcc': language('C', { '--version': `gcc (GCC) ${version}` }),
      '/usr/local/bin/g++': language('C++', { '--version': `g++ (GCC) ${version}` }),
    }),
  },
  {
    ...jdk,
    names: ['docker.io/library/openjdk', 'docker.io/library/amazoncorretto'],
    releases: ['8', '11.0.29', '17.0.17', '21.0.9', '25.0.1'],
    env: (version) => ({ JAVA_HOME: '/opt/java/openjdk', JAVA_VERSION: version, PATH: JAVA_PATH }),
  },
  {
    ...jdk,
    names: ['docker.io/library/eclipse-temurin'],
    releases: ['8', '11.0.29', '17.0.17', '21.0.9', '25.0.1'],
    env: (version) => ({ JAVA_HOME: '/opt/java/openjdk', JAVA_VERSION: `jdk-${version}`, PATH: JAVA_PATH }),
  },
  {
    names: ['docker.io/library/maven'],
    releases: ['3.8.8', '3.9.11'],
    suffixes: ['eclipse-temurin-17', 'eclipse-temurin-21', 'amazoncorretto-17'],
    size: 270_000_000,
    cmd: ['mvn'],
    entrypoint: '/usr/local/bin/mvn-entrypoint.sh',
    env: () => ({ MAVEN_HOME: '/usr/share/maven', JAVA_HOME: '/opt/java/openjdk' }),
    programs: (version) => ({
      ...java('17.0.17'),
      '/usr/bin/mvn': language('Java', { '--version': `Apache Maven ${version}` }),
    }),
  },
];

export const languageRepositories: Repository[] = table.map((one) => ({
  names: one.names,
  tags: () => variants({ ...releases(...one.releases), ...one.more }, ...one.suffixes),
  size: (version) => Math.round(one.size / (version.includes('alpine') ? 6 : version.includes('slim') ? 4 : 1)),
  entrypoint: one.entrypoint ? [one.entrypoint] : undefined,
  cmd: one.cmd,
  env: (version) => one.env(version.split('-')[0]),
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('curl', 'wget', 'ps', 'pgrep'),
  os: 'Debian GNU/Linux 12 (bookworm)',
  memory: 30_000_000,
  versionedPrograms: (version) => ({
    ...one.programs(version.split('-')[0]),
    ...(one.entrypoint
      ? { [`/usr/local/bin/${one.entrypoint.split('/').pop()}`]: execArguments(one.cmd[0]) }
      : undefined),
  }),
}));
