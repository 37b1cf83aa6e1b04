// The shells: sh and bash as programs of machines and containers, and the session that a terminal keeps.
export { splitScript } from './parser.ts';
export { createShell, type ShellName } from './program.ts';
export { ShellSession, type SessionOptions, type SessionStreams } from './session.ts';
