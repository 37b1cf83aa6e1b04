// A jq cell as the command line that it stands for.

/** The shell command that a jq cell stands for. */
export function jqCommand(input: string, filter: string): string {
  return `${input} | jq '${filter.replaceAll("'", `'\\''`)}'`;
}
