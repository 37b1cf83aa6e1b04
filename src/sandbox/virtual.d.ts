declare module 'virtual:kubebook-engine' {
  /** Where the engine's scripts are: a JSON object from name to text. */
  const url: string;
  export default url;
}
declare module '@jitl/quickjs-wasmfile-release-sync/wasm?url' {
  const url: string;
  export default url;
}
declare module 'jq-wasm/jq.wasm?url' {
  const url: string;
  export default url;
}
