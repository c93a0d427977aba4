/**
 * A JSON object for `app_detail`, field by field and within its bounds: what does not fit is left out, and
 * `"cut":true` says so. A reader keeps one and reuses it. Names of fields are constants and need no escapes.
 */
import { type AppRow, MAX_DETAIL_CHARS } from './app-row.ts';

const CUT = ',"cut":true}';
/** What JSON has to escape: a quotation mark, a backslash, the first 32 characters. */
const TO_ESCAPE = /["\\\p{Cc}]/u;

export class DetailObject {
  #json = '';
  #isCut = false;

  begin(): void {
    this.#json = '';
    this.#isCut = false;
  }

  number(name: string, value: number): void {
    this.json(name, `${value}`);
  }

  text(name: string, value: string): void {
    this.json(name, jsonText(value));
  }

  /** `value`: JSON. */
  json(name: string, value: string): void {
    const field = `${this.#json === '' ? '{' : ','}"${name}":${value}`;
    if (this.#json.length + field.length + CUT.length > MAX_DETAIL_CHARS) this.#isCut = true;
    else this.#json += field;
  }

  /** The message holds more than is told. */
  cut(): void {
    this.#isCut = true;
  }

  /** Puts the object into the row, unless there is nothing to tell. */
  putInto(row: AppRow): void {
    if (this.#json !== '') row.detail(this.#json + (this.#isCut ? CUT : '}'));
  }
}

/** The text between quotation marks. */
export function jsonText(text: string): string {
  return TO_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}
