import { isRecord } from "../../foundation/record.ts";
import type { Answers } from "../../http/api/routes.ts";
import { ageOf } from "../browser/age.js";
import { Page } from "../page.tsx";
import { Facts, Notice } from "../parts.tsx";

/** The settings of a domain as they apply now. */
export function SettingsPage({ settings, warnings, reminders }: Answers["GET /domains/{domain}/settings"]) {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined && !isBare(value));
  const single = entries.filter(([, value]) => !isNested(value));
  const groups = entries.filter(([, value]) => isNested(value));
  return (
    <Page title="Domain" here="settings">
      {warnings.map((says) => (
        <Notice is="bad">{says}</Notice>
      ))}
      {reminders.map((says) => (
        <Notice is="warn">{says}</Notice>
      ))}
      <p class="dim">
        The settings in effect, with their defaults. Secrets are not shown. docs/settings.md explains each of them.
      </p>
      <div class="settings">
        <Group title="General" rows={single.flatMap(([name, value]) => rowsOf(name, value))} />
        {groups.map(([name, value]) => (
          <Group title={name} rows={rowsOf("", value)} />
        ))}
      </div>
    </Page>
  );
}

type SettingRow = readonly [name: string, lines: readonly string[]];

function Group({ title, rows }: { readonly title: string; readonly rows: readonly SettingRow[] }) {
  const facts = rows.map(([name, lines]) => [name, lines.map((line) => <div>{line}</div>)]);
  return (
    <section class="card">
      <h2>{title}</h2>
      <Facts kind="facts" of={Object.fromEntries(facts)} />
    </section>
  );
}

function isNested(value: unknown): boolean {
  return isRecord(value) || (Array.isArray(value) && value.some(isRecord));
}

function isBare(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((part) => part === undefined || isBare(part));
}

/** A row for each value, by its path. Objects with a name use it in the path. */
function rowsOf(path: string, value: unknown): readonly SettingRow[] {
  if (value === undefined || isBare(value)) return [];
  if (!isNested(value)) return [[path, linesOf(path, value)]];
  const parts = Array.isArray(value) ? value.map(namedItem) : Object.entries(Object(value));
  return parts.flatMap(([name, part]) => rowsOf(path === "" ? name : `${path} · ${name}`, part));
}

function namedItem(item: unknown, index: number): readonly [name: string, item: unknown] {
  if (!isRecord(item) || typeof item.name !== "string") return [String(index + 1), item];
  const { name, ...rest } = item;
  return [name, rest];
}

const LONG = 16;

function linesOf(path: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ["none"];
    return value.some((item) => String(item).length > LONG) ? value.map(String) : [value.join(", ")];
  }
  if (typeof value === "boolean") return [value ? "yes" : "no"];
  const lasts = path.endsWith("Ms") && typeof value === "number" && value >= 1_000 ? ` (${ageOf(value)})` : "";
  return [`${value === null || value === "" ? "none" : value}${lasts}`];
}
