/** A number to dial: digits only; `area` and `extension` may be empty. */
export interface PhoneNumber {
  readonly country: string;
  readonly area: string;
  readonly local: string;
  /** Dialled after the answer. */
  readonly extension: string;
}
