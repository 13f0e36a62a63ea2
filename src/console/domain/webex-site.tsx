import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import type { ProvisioningResult, ProvisioningState, RunningCheck } from "../../rpc/webex-site.ts";
import { ageOf } from "../browser/age.js";
import { type DomainFrame, Page } from "../page.tsx";
import { Age, Empty, Facts, Mark, Notice, Table, Tabs, Time } from "../parts.tsx";
import { pathOf } from "../paths.ts";

interface WebexSiteProps extends DomainFrame {
  /** The address of the domain's site. */
  readonly siteUrl: string;
  readonly check: ProvisioningState;
}

/** The provisioning check: what differs between the domain's WebEx site and its settings. */
export function WebexSitePage({ siteUrl, check, ...frame }: WebexSiteProps) {
  const { domain, now, person } = frame;
  const { last, running, failure, nextAt } = check;
  const mayBegin = person.role === "operator" && (running === null || running.waits !== null);
  return (
    <Page {...frame} title="Domain">
      <DomainTabs domain={domain} here="site" />
      <p class="dim">
        {`${siteUrl} as it is set up for this domain, compared with the domain's settings. No call waits for it.`}
      </p>
      <div id="check" data-part="" class="part">
        {running !== null && <Running check={running} now={now} />}
        {failure !== null && (
          <Notice is="bad">
            The check that ended at <Time at={failure.at} now={now} /> came to no result. {sentence(failure.says)}
          </Notice>
        )}
        <Facts
          of={{
            "Last check": last
              ? [
                  <Time at={last.endedAt} now={now} />,
                  <span class="dim">{`, ${counted(last.users, "user")} in ${ageOf(last.endedAt - last.begunAt)}`}</span>,
                ]
              : "none",
            "Next by itself": nextAt === null ? "none, by webexSite.nightlyCheck" : <Time at={nextAt} now={now} />,
          }}
        />
        {mayBegin && (
          <form method="post" action={pathOf(domain, "site")} class="inline" data-stay="">
            <button type="submit">{running === null ? "Compare now" : "Go on now"}</button>
          </form>
        )}
        {last === null ? (
          running === null && (
            <Empty title="Nothing has been compared yet">
              Here stands what differs at the site, each with what to do about it.
            </Empty>
          )
        ) : (
          <Differences of={last} />
        )}
      </div>
    </Page>
  );
}

/** What there is of a domain beside each other, where it has a WebEx site. */
export function DomainTabs({ domain, here }: { readonly domain: string; readonly here: "settings" | "site" }) {
  const tabs = {
    settings: { title: "Settings", to: pathOf(domain, "settings") },
    site: { title: "WebEx site", to: pathOf(domain, "site") },
  };
  return <Tabs label="Domain" tabs={tabs} here={here} />;
}

function Running({ check, now }: { readonly check: RunningCheck; readonly now: EpochMs }) {
  const { begunAt, users, of, waits } = check;
  const far = `${users} of ${of ?? "the site's"} users so far.`;
  return (
    <Notice is={waits === null ? "plain" : "warn"}>
      A check runs since <Time at={begunAt} now={now} /> (<Age since={begunAt} now={now} />
      ): {far}
      {waits !== null && (
        <>
          {" "}
          {sentence(`it waits: ${waits.says}`)} It goes on by itself at <Time at={waits.until} now={now} />.
        </>
      )}
    </Notice>
  );
}

function Differences({ of: { differences, more, notCompared } }: { readonly of: ProvisioningResult }) {
  const count = differences.length + more;
  return (
    <>
      <section>
        <h2>Differences</h2>
        {count > 0 && (
          <p>
            <Mark is="warn">{counted(count, "difference")}</Mark>
          </p>
        )}
        {differences.length === 0 ? (
          <p>
            <Mark is="good">none</Mark> {notCompared.length === 0 && "The site is as the settings say."}
          </p>
        ) : (
          <Table
            rows={differences}
            columns={{ About: ({ about }) => about, "What differs, and what to do": ({ says }) => says }}
          />
        )}
        {more > 0 && <p class="dim">{`And ${more} more, which are only counted.`}</p>}
      </section>
      {notCompared.length > 0 && (
        <section>
          <h2>Not compared</h2>
          <ul>
            {notCompared.map((says) => (
              <li>{sentence(says)}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
