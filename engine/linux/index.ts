// Simulated machines: files, processes, sockets, commands.
export * from './bytes.ts';
export { containerCapabilities } from './capabilities.ts';
export { ComputedDir } from './computed-dir.ts';
export * from './faults.ts';
export * from './fs.ts';
export { layoutOf } from './layout.ts';
export { watched } from './watched.ts';
export * from './grpc-health.ts';
export * from './health.ts';
export * from './host.ts';
export * from './http.ts';
export * from './io.ts';
export * from './net/index.ts';
export { Pipe } from './pipe.ts';
export { resizeTerminal, terminalOf, type Terminal } from './terminal.ts';
export type * from './types.ts';
export { Room, setRoom } from './room.ts';
export * from './usage.ts';
