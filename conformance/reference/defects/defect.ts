interface Defect {
  readonly clause: string;
  readonly what: string;
  readonly also?: string;
}

/**
 * One switch, and the clause that is meant to find it. `what` follows "The adapter …". `also`: other clauses that fail with it, since they
 * rest on the same; `*`: nothing works without it.
 */
export function defect(clause: string, what: string, also?: string): Defect {
  return { clause, what, ...(also !== undefined && { also }) };
}
