import type { EpochMs } from "../../foundation/ids.ts";
import type { AuditEntry } from "../../operators/audit.ts";
import type { AuditPage as Entries } from "../../rpc/directory.ts";
import { type Frame, Page } from "../page.tsx";
import { Empty, Mark, Table, Time } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";

interface AuditProps extends Frame {
  readonly domain: string;
  readonly entries: Entries;
  /** Those before this place alone. */
  readonly before: string | null;
}

/** What people have asked of a domain, the latest first. */
export function AuditPage({ entries: { entries, next }, before, ...frame }: AuditProps) {
  const { domain, now } = frame;
  const path = pathOf(domain, "audit");
  return (
    <Page {...frame} title="Audit">
      <p class="dim">What people have asked of this domain, refused or not. Who only looks is not written down.</p>
      <section id="list" data-part="" class="part">
        {entries.length > 0 ? (
          <EntryTable domain={domain} entries={entries} now={now} />
        ) : (
          <Empty title="Nobody has asked for anything yet">
            Each action, by this console, the API or a command, stands here a moment after its answer.
          </Empty>
        )}
        <div class="line">
          {before !== null && <a href={path}>Latest</a>}
          {next !== null && <a href={withQuery(path, { before: String(next) })}>Older</a>}
        </div>
      </section>
    </Page>
  );
}

interface TableProps {
  readonly domain: string;
  readonly entries: readonly AuditEntry[];
  readonly now: EpochMs;
}

function EntryTable({ domain, entries, now }: TableProps) {
  return (
    <Table heads={["When", "Who", "Action", "About", "Outcome", "From"]}>
      {entries.map((entry) => (
        <tr data-row="" tabindex={-1}>
          <td data-label="When">
            <Time at={entry.at} now={now} />
          </td>
          <th scope="row">
            {entry.person} <span class="dim small">{`${entry.role}, by ${entry.by}`}</span>
          </th>
          <td data-label="Action">{entry.action}</td>
          <td data-label="About">
            <About domain={domain} entry={entry} />
          </td>
          <td data-label="Outcome">
            {entry.refusal === null ? <Mark is="good">done</Mark> : <Mark is="bad">{entry.refusal}</Mark>}
          </td>
          <td data-label="From">{entry.from || "not known"}</td>
        </tr>
      ))}
    </Table>
  );
}

function About({ domain, entry: { about } }: { readonly domain: string; readonly entry: AuditEntry }) {
  const { confKey, ...rest } = about;
  return (
    <span class="marks">
      {confKey !== undefined && <a href={pathOf(domain, "conferences", confKey)}>{confKey}</a>}
      {Object.entries(rest).map(([name, value]) => (
        <span>{`${name} ${value}`}</span>
      ))}
    </span>
  );
}
