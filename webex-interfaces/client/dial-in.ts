import { err, ok, type Result } from "../doors/foundation.ts";

/** The templates of dialInSequences (protocol 6.6): by themselves or silently; by profile and PIN; by these and a password. */
export const dialInNames = [
  "AutoDialInSequence",
  "SilentDialInSequence",
  "AutoLGDialInSequence",
  "SilentLGDialInSequence",
  "AutoLGPWDialInSequence",
  "SilentLGPWDialInSequence",
] as const;

export type DialInName = (typeof dialInNames)[number];

export const placeholders = ["AccessNumber", "AccessCode", "AttendeeID", "ProfileID", "PIN", "Password"] as const;

export type Placeholder = (typeof placeholders)[number];

export type DialInPart =
  | { readonly part: "keys"; readonly keys: string }
  /** So many commas: each is one pause of the telephone, whose length the documents do not give. */
  | { readonly part: "pause"; readonly pauses: number }
  | { readonly part: "placeholder"; readonly name: Placeholder };

export type DialInTemplate = readonly DialInPart[];

export type DialInSequences = Readonly<Partial<Record<DialInName, DialInTemplate>>>;

export const maxSequencesLength = 4_096;

export interface ParsedSequences {
  readonly sequences: DialInSequences;
  /** What is wrong with which of the others. */
  readonly faults: readonly string[];
}

/** The templates of a session's `dialInSequences`; templates of other names are left out, and so is what cannot be read. */
export function parseDialInSequences(text: string): ParsedSequences {
  const sequences: Partial<Record<DialInName, DialInTemplate>> = {};
  const faults: string[] = [];
  if (text.length > maxSequencesLength) {
    return { sequences, faults: [`dialInSequences is longer than ${maxSequencesLength} characters`] };
  }
  for (const entry of text.split("|").map((part) => part.trim())) {
    if (entry === "") continue;
    const colon = entry.indexOf(":");
    if (colon === -1) {
      faults.push("dialInSequences has a template without a name");
      continue;
    }
    const name = dialInNames.find((known) => known === entry.slice(0, colon).trim());
    if (name === undefined) continue;
    const template = parseTemplate(entry.slice(colon + 1).trim());
    if (template.ok) sequences[name] = template.value;
    else faults.push(`${name} ${template.error}`);
  }
  return { sequences, faults };
}

function parseTemplate(text: string): Result<DialInTemplate, string> {
  const parts: DialInPart[] = [];
  for (const [part, name] of text.matchAll(/\[(\w*)\]|,+|[\d*#+]+|[\s\S]/gu)) {
    if (part.startsWith(",")) parts.push({ part: "pause", pauses: part.length });
    else if (/^[\d*#+]/.test(part)) parts.push({ part: "keys", keys: part });
    else {
      const placeholder = placeholders.find((known) => known === name);
      if (placeholder === undefined) return err(`has ${part}, which is neither a key, a pause nor a placeholder`);
      parts.push({ part: "placeholder", name: placeholder });
    }
  }
  return parts.length === 0 ? err("is empty") : ok(parts);
}

/** What a template is filled with: what is keyed, signs between the digits of the number left out. */
export type DialInValues = Readonly<Partial<Record<Placeholder, string | undefined>>>;

/** What a telephone does, in order. */
export type DialInStep =
  | { readonly step: "call"; readonly number: string }
  | { readonly step: "pause"; readonly pauses: number }
  | { readonly step: "key"; readonly keys: string }
  /** What only the one who dials knows. */
  | { readonly step: "fill"; readonly name: Placeholder };

export interface DialIn {
  readonly steps: readonly DialInStep[];
  /** As telephones store it: the number, a comma for each pause, and keys, such as `+15550100,,*00*2468#`; `[PIN]` is to be filled. */
  readonly dialString: string;
  /** The placeholders without a value. */
  readonly toFill: readonly Placeholder[];
}

/** The template with its values. The error names a placeholder whose value nobody can key, or that is in the wrong place; never the value. */
export function fillDialIn(template: DialInTemplate, values: DialInValues): Result<DialIn, string> {
  const steps: DialInStep[] = [];
  for (const part of template) {
    if (part.part === "pause") {
      steps.push({ step: "pause", pauses: part.pauses });
      continue;
    }
    if (part.part === "keys") {
      addKeys(steps, part.keys);
      continue;
    }
    const value = values[part.name]?.replace(/[\s()./-]/g, "") ?? "";
    if (part.name === "AccessNumber" && steps.length > 0) return err("AccessNumber must be the first of the template");
    if (value === "") {
      steps.push({ step: "fill", name: part.name });
    } else if (part.name === "AccessNumber") {
      if (!/^\+?\d{1,32}$/.test(value)) return err("AccessNumber must be digits, with or without a + before them");
      steps.push({ step: "call", number: value });
    } else {
      if (!/^\d{1,64}$/.test(value)) return err(`${part.name} must be digits`);
      addKeys(steps, value);
    }
  }
  const toFill = new Set(steps.flatMap((step) => (step.step === "fill" ? step.name : [])));
  return ok({ steps, dialString: steps.map(textOfStep).join(""), toFill: [...toFill] });
}

function addKeys(steps: DialInStep[], keys: string): void {
  const last = steps.at(-1);
  if (last?.step === "key") steps[steps.length - 1] = { step: "key", keys: last.keys + keys };
  else steps.push({ step: "key", keys });
}

function textOfStep(step: DialInStep): string {
  switch (step.step) {
    case "call":
      return step.number;
    case "pause":
      return ",".repeat(step.pauses);
    case "key":
      return step.keys;
    case "fill":
      return `[${step.name}]`;
  }
}
