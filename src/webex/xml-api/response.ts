/** A field of an answer whose type is another than the table says. `value` is absent where it is a secret, or no single text. */
export interface WrongField {
  readonly path: string;
  readonly value?: string;
  readonly rule: string;
}
