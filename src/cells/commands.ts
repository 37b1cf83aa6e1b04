// What the reader's editor shows of a terminal example, and what is read back from it: commands only, one a line;
// `worker-1$ ` at the beginning runs a command on that node.

export interface Step {
  /** Node in whose shell it runs; absent: the page's terminal. */
  on?: string;
  command: string;
}

const prompt = /^([a-z0-9][a-z0-9.-]*)?\$ (.*)$/;

/** What the editor shows for the commands: one a line, here-documents and continued lines below as they are. */
export function commandsText(steps: Step[], on?: string): string {
  return steps.map((step) => (step.on && step.on !== on ? `${step.on}$ ` : '') + step.command).join('\n');
}

/** Reads what the reader typed: a command a line; quotes, `\`, here-documents and loops keep following lines together. */
export function parseCommands(text: string, on?: string): Step[] {
  const steps: Step[] = [];
  let open: Step | undefined;
  for (const line of text.split('\n')) {
    if (open) {
      open.command += '\n' + line;
    } else {
      if (line.trim() === '') continue;
      const match = prompt.exec(line);
      open = { on: match?.[1] ?? on, command: match ? match[2]! : line };
      steps.push(open);
    }
    if (isComplete(open.command)) open = undefined;
  }
  return steps;
}

/** Whether a shell would run this now instead of asking for another line. */
export function isComplete(command: string): boolean {
  const lines = command.split('\n');
  const waiting: string[] = [];
  let quote = '';
  let depth = 0;
  let continued = false;
  for (const line of lines) {
    if (waiting.length > 0) {
      if (line.trim() === waiting[0]) waiting.shift();
      continue;
    }
    continued = false;
    for (let i = 0; i < line.length; i++) {
      const char = line[i]!;
      if (quote) {
        if (char === '\\' && quote === '"') i++;
        else if (char === quote) quote = '';
      } else if (char === '\\') {
        if (i === line.length - 1) continued = true;
        i++;
      } else if (char === "'" || char === '"') quote = char;
      else if (char === '#' && (i === 0 || /\s/.test(line[i - 1]!))) break;
      else if (line.startsWith('<<', i) && line[i + 2] !== '<') {
        const word = /^<<-?\s*(['"]?)([\w.-]+)\1/.exec(line.slice(i));
        if (word) {
          waiting.push(word[2]!);
          i += word[0].length - 1;
        }
      } else {
        const word = /^(?:do|done|then|fi|case|esac)\b/.exec(line.slice(i))?.[0];
        if (word && (i === 0 || /[\s;&|(]/.test(line[i - 1]!))) {
          depth += { do: 1, then: 1, case: 1, done: -1, fi: -1, esac: -1 }[word]!;
          i += word.length - 1;
        }
      }
    }
    if (/^\s*(?:for|while|until|if)\b/.test(line) && depth === 0 && !/[;\s](?:do|then)\b/.test(line)) continued = true;
    if (/(?:\||&&)\s*$/.test(line)) continued = true;
  }
  return !quote && !continued && depth <= 0 && waiting.length === 0;
}
