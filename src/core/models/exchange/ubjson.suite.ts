/** JSON values as UBJ, as XGBoost writes them: for tests of the reader. */

export function ubjsonOf(value: unknown, isTyped: boolean): Uint8Array {
  const bytes: number[] = [];
  write(value, isTyped, bytes);
  return Uint8Array.from(bytes);
}

function write(value: unknown, isTyped: boolean, into: number[]): void {
  if (value === null) mark('Z', into);
  else if (typeof value === 'boolean') mark(value ? 'T' : 'F', into);
  else if (typeof value === 'string') {
    mark('S', into);
    writeText(value, into);
  } else if (typeof value === 'number') {
    mark(Number.isInteger(value) ? 'L' : 'D', into);
    writeNumber(value, Number.isInteger(value), into);
  } else if (Array.isArray(value)) writeArray(value, isTyped, into);
  else {
    mark('{', into);
    for (const [key, inner] of Object.entries(value as object)) {
      writeText(key, into);
      write(inner, isTyped, into);
    }
    mark('}', into);
  }
}

function writeArray(items: unknown[], isTyped: boolean, into: number[]): void {
  mark('[', into);
  if (isTyped && items.length > 0 && items.every((item) => typeof item === 'number')) {
    mark('$D#L', into);
    writeNumber(items.length, true, into);
    for (const item of items) writeNumber(item, false, into);
  } else {
    for (const item of items) write(item, isTyped, into);
    mark(']', into);
  }
}

function writeText(text: string, into: number[]): void {
  mark('L', into);
  writeNumber(text.length, true, into);
  mark(text, into);
}

function writeNumber(value: number, isWhole: boolean, into: number[]): void {
  const view = new DataView(new ArrayBuffer(8));
  if (isWhole) view.setBigInt64(0, BigInt(value));
  else view.setFloat64(0, value);
  into.push(...new Uint8Array(view.buffer));
}

function mark(text: string, into: number[]): void {
  for (const character of text) into.push(character.charCodeAt(0));
}
