declare module 'virtual:kubebook-engine' {
  /** Where the engine's scripts are, JSON objects from name to text: those that boot a default cluster, and the others. */
  export const boot: string;
  export const rest: string;
}
declare module '@jitl/quickjs-wasmfile-release-sync/wasm?url' {
  const url: string;
  export default url;
}
declare module 'jq-wasm/jq.wasm?url' {
  const url: string;
  export default url;
}
