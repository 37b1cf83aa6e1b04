// Why a JSON text cannot be read, in the words of Go's encoding/json.

/** Where and why a JSON text cannot be read, in encoding/json's words for the commonest cases. */
export function jsonError(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'unexpected end of JSON input';
  const first = trimmed[0];
  if (!/[[{"\-0-9tfn]/.test(first)) return `invalid character '${first}' looking for beginning of value`;
  // The shortest prefix that is already wrong ends in the offending character.
  let state = scan(trimmed);
  if (state === undefined) state = { char: '', where: '' };
  return state.char === ''
    ? 'unexpected end of JSON input'
    : `invalid character '${state.char === "'" ? "\\'" : state.char}' ${state.where}`;
}

/** Walks a JSON text as a state machine; the first character that does not fit, and what was expected there. */
function scan(text: string): { char: string; where: string } | undefined {
  const stack: string[] = [];
  let expect: 'value' | 'key' | 'colon' | 'after' = 'value';
  let first = false;
  const fail = (char: string, where: string) => ({ char, where });
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === ' ' || c === '\n' || c === '\t' || c === '\r') continue;
    if (expect === 'colon') {
      if (c !== ':') return fail(c, 'after object key');
      expect = 'value';
    } else if (expect === 'key') {
      if (c === '}' && first) {
        stack.pop();
        expect = 'after';
      } else if (c === '"') {
        const end = stringEnd(text, i);
        if (end < 0) return undefined;
        i = end;
        expect = 'colon';
      } else return fail(c, 'looking for beginning of object key string');
      first = false;
    } else if (expect === 'after') {
      const top = stack[stack.length - 1];
      if (!top) return fail(c, 'after top-level value');
      if (c === ',') expect = top === '{' ? 'key' : 'value';
      else if (c === (top === '{' ? '}' : ']')) stack.pop();
      else return fail(c, top === '{' ? 'after object key:value pair' : 'after array element');
      first = false;
    } else {
      if (c === '{') {
        stack.push('{');
        expect = 'key';
        first = true;
        continue;
      }
      if (c === '[') {
        stack.push('[');
        first = true;
        continue;
      }
      if (c === ']' && first && stack[stack.length - 1] === '[') stack.pop();
      else if (c === '"') {
        const end = stringEnd(text, i);
        if (end < 0) return undefined;
        i = end;
      } else {
        const word = /^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(text.slice(i, i + 40));
        if (!word) return fail(c, 'looking for beginning of value');
        i += word[0].length - 1;
      }
      expect = 'after';
      first = false;
    }
  }
  return undefined;
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return -1;
}

/** What is wrong with a text that must be a JSON object, or nothing. */
export function jsonObjectError(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return jsonError(text);
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
}
