import type * as v from "valibot";

interface Parts {
  readonly shown?: string;
  readonly type: string;
  readonly entries: Readonly<Record<string, v.GenericSchema>>;
  readonly item: v.GenericSchema;
  readonly value: v.GenericSchema;
  readonly wrapped: v.GenericSchema;
  readonly options: readonly v.GenericSchema[];
}

/** The places of a schema that nobody has marked, and that are no words of its own: they are never shown. */
export function unjudged(schema: v.GenericSchema, path = ""): string[] {
  const { shown, type, entries, item, value, wrapped, options } = schema as v.GenericSchema & Parts;
  if (shown || type === "literal" || type === "picklist") return [];
  if (entries) return Object.entries(entries).flatMap(([name, part]) => unjudged(part, `${path}.${name}`));
  const [part = item ?? value] = [wrapped];
  if (part) return unjudged(part, path);
  return options ? options.flatMap((option) => unjudged(option, path)) : [path];
}
