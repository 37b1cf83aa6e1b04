// Fields that occur twice in one object of a JSON text: a parser keeps the last one silently, strict decoding tells.

/** 'duplicate field "spec.replicas"' for each, in the order of the text. The text must be valid JSON. */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  const stack: { array: boolean; keys: Set<string>; key: string; index: number }[] = [];
  let key: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const top = stack[stack.length - 1];
    if (c === 34) {
      const start = i;
      for (i++; text.charCodeAt(i) !== 34; i++) if (text.charCodeAt(i) === 92) i++;
      if (top && !top.array && key === undefined) {
        const raw = text.slice(start + 1, i);
        key = raw.indexOf('\\') < 0 ? raw : (JSON.parse(`"${raw}"`) as string);
        top.key = key;
        if (top.keys.has(key)) found.push(`duplicate field ${JSON.stringify(pathOf(stack))}`);
        else top.keys.add(key);
      }
    } else if (c === 123 || c === 91) {
      stack.push({ array: c === 91, keys: new Set(), key: '', index: 0 });
      key = undefined;
    } else if (c === 125 || c === 93) {
      stack.pop();
      key = 'done';
    } else if (c === 44 && top) {
      if (top.array) top.index++;
      else key = undefined;
    }
  }
  return found;
}

function pathOf(stack: readonly { array: boolean; key: string; index: number }[]): string {
  let path = '';
  for (const level of stack) path += level.array ? `[${level.index}]` : path ? `.${level.key}` : level.key;
  return path;
}
