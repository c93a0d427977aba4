/** Every command that prints rows can print them as JSON lines. */
export interface JsonWords {
  json: boolean;
}
