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

/** Words of the shell that open or close a compound command, and those after which a command begins. */
const depthOf: Record<string, number> = {
  for: 1,
  while: 1,
  until: 1,
  if: 1,
  case: 1,
  '{': 1,
  done: -1,
  fi: -1,
  esac: -1,
  '}': -1,
};
const beforeCommand = new Set(['while', 'until', 'if', 'then', 'else', 'elif', 'do', '!', '{']);

/** Whether a shell would run this now instead of asking for another line. */
export function isComplete(command: string): boolean {
  /** Words that end the open here-documents, in order. */
  const waiting: string[] = [];
  let quote = '';
  let depth = 0;
  let continued = false;
  for (const line of command.split('\n')) {
    if (waiting.length > 0 && !quote) {
      if (line.trim() === waiting[0]) waiting.shift();
      continue;
    }
    continued = false;
    let commandBegins = true;
    for (let i = 0; i < line.length;) {
      const rest = line.slice(i);
      if (quote) {
        if (rest[0] === quote) quote = '';
        i += rest[0] === '\\' && quote === '"' ? 2 : 1;
        continue;
      }
      const token = /^(?:\s+|<<<|<<-?\s*(['"]?)[\w.-]+\1|&&|\|\|?|[;&()<>]|\\.?|['"]|[^\s;&|()<>\\'"]+)/.exec(rest)![0];
      i += token.length;
      if (/^\s/.test(token)) continue;
      if (token[0] === '#' && /(?:^|[\s;&|(])$/.test(line.slice(0, i - token.length))) break;
      continued = token === '\\' || token === '|' || token === '&&' || token === '||';
      if (token === "'" || token === '"') quote = token;
      if (/^<<[^<]/.test(token)) waiting.push(token.replace(/^<<-?\s*['"]?|['"]$/g, ''));
      if (commandBegins) depth += (Object.hasOwn(depthOf, token) && depthOf[token]) || 0;
      commandBegins = /^(?:;|&&?|\|\|?|\()$/.test(token) || (commandBegins && beforeCommand.has(token));
    }
  }
  return !quote && !continued && depth <= 0 && waiting.length === 0;
}
