import type { AuditEntry } from "../../operators/audit.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Empty, Further, Mark, Table, Time } from "../parts.tsx";
import { pathOf } from "../paths.ts";

interface AuditProps extends DomainFrame {
  readonly entries: { readonly entries: readonly AuditEntry[]; readonly next: number | null };
  /** Those before this place alone. */
  readonly before: string | null;
}

/** What people have asked of a domain, the latest first. */
export function AuditPage({ entries: { entries, next }, before, ...frame }: AuditProps) {
  const { domain, now } = frame;
  const path = pathOf(domain, "audit");
  return (
    <Page {...frame} title="Audit">
      <p class="dim">
        What people have asked of this domain, refused or not. Who only looks is not written down. What became of an
        action that was accepted stands in its conference's story.
      </p>
      <section id="list" class="part">
        {entries.length > 0 ? (
          <EntryTable domain={domain} entries={entries} now={now} />
        ) : (
          <Empty title="Nobody has asked for anything yet">
            Each action, by this console, the API or a command, stands here a moment after its answer.
          </Empty>
        )}
        <Further
          path={path}
          to={{
            Latest: before === null ? null : {},
            Older: next === null ? null : { before: String(next) },
          }}
        />
      </section>
    </Page>
  );
}

type EntryTableProps = Pick<AuditProps, "domain" | "now"> & { readonly entries: readonly AuditEntry[] };

function EntryTable({ domain, entries, now }: EntryTableProps) {
  return (
    <Table
      rows={entries}
      id={({ at, actionId }) => `entry-${at}-${actionId}`}
      columns={{
        When: ({ at }) => <Time at={at} now={now} />,
        Who: ({ person, role, by }) => (
          <>
            <b>{person}</b> <span class="dim small">{`${role}, by ${by}`}</span>
          </>
        ),
        Action: ({ action, repeat }) => [action, repeat && <span class="dim small"> repeated</span>],
        About: ({ about: { confKey, ...rest } }) => (
          <span class="marks">
            {confKey !== undefined && <a href={pathOf(domain, "conferences", confKey)}>{confKey}</a>}
            {Object.entries(rest).map(([name, value]) => (
              <span>{`${name} ${value}`}</span>
            ))}
          </span>
        ),
        Outcome: ({ refusal, status }) =>
          refusal !== null ? (
            <Mark is="bad">{refusal}</Mark>
          ) : status === 202 ? (
            "accepted"
          ) : (
            <Mark is="good">done</Mark>
          ),
        From: ({ from }) => from || "not known",
      }}
    />
  );
}
