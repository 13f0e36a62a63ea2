import { secretText } from "../../foundation/shown.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import type { MeetingAnswer } from "../../rpc/webex-site.ts";
import { Age, Empty, Notice, Table, Time } from "../parts.tsx";
import { type ConferenceFrame, ConferenceFramePage, conferencePath } from "./conference-frame.tsx";

type Meeting = NonNullable<MeetingAnswer["meeting"]>;

interface MeetingProps {
  readonly frame: ConferenceFrame;
  /** The address of the domain's site. */
  readonly siteUrl: string;
  readonly answer: MeetingAnswer;
  /** The access code, for a person who asked for it and may read it. */
  readonly accessCode?: string | undefined;
}

/** What the domain's WebEx site says of a conference: what it is called, whose it is, when, and how people come in. */
export function MeetingPage({ frame, siteUrl, answer, accessCode }: MeetingProps) {
  const { meeting, knownAt, failure, dialIn, notes } = answer;
  const path = conferencePath(frame.domain, frame.confKey, "meeting");
  const mayRead = frame.person.secrets && meeting?.accessCode === secretText && accessCode === undefined;
  const { host: siteHost, origin } = new URL(siteUrl);
  return (
    <ConferenceFramePage {...frame} topic={meeting?.topic ?? frame.topic} tab="meeting">
      {failure !== null && (
        <Notice is="warn">
          {sentence(failure)} <a href={path}>Ask again</a>
        </Notice>
      )}
      {meeting === null ? (
        <Empty title={`${siteHost} has said nothing of this conference`}>
          Here stand its topic, host, schedule, numbers and links, as soon as the site says them.
        </Empty>
      ) : (
        <>
          {knownAt !== null && (
            <p class="dim">
              As {siteHost} said at <Time at={knownAt} now={frame.now} />, <Age since={knownAt} now={frame.now} /> ago.
            </p>
          )}
          <Facts meeting={{ ...meeting, accessCode: accessCode ?? meeting.accessCode }} />
          {mayRead && (
            <form method="post" action={path} class="line">
              <button type="submit">Show the access code</button>
              <span class="dim">The audit keeps who has read it.</span>
            </form>
          )}
          <Links links={answer.links} origin={origin} />
          <Numbers numbers={meeting.numbers} />
          <DialIn dialIn={dialIn} />
          <Missing missing={meeting.missing} notes={notes} />
        </>
      )}
    </ConferenceFramePage>
  );
}

function Facts({ meeting }: { readonly meeting: Meeting }) {
  const { topic, host, schedule, status, accessCode, service, sessionKey } = meeting;
  const account = host === null ? [] : [host.webExId, host.email].filter((text, at, all) => all.indexOf(text) === at);
  const rows: Readonly<Record<string, readonly (string | null)[] | null>> = {
    Topic: topic === null ? null : [topic],
    Host: host && [host.name, ...account],
    Begins: schedule && [schedule.startsAt.replace("T", " "), schedule.timeZone],
    Lasts: schedule && [`${schedule.minutes} min`],
    Status: status === null ? null : [status],
    "Access code": accessCode === null ? null : [accessCode],
    Session: [sessionKey, service],
  };
  return (
    <dl class="card facts">
      {Object.entries(rows).map(
        ([name, values]) =>
          values !== null && (
            <>
              <dt>{name}</dt>
              <dd>
                {values.filter(Boolean).map((value, index) => (
                  <>
                    {index > 0 && ", "}
                    <bdi>{value}</bdi>
                  </>
                ))}
              </dd>
            </>
          ),
      )}
    </dl>
  );
}

/** An address leads to the domain's own site, or nowhere. */
function Links({ links, origin }: { readonly links: MeetingAnswer["links"]; readonly origin: string }) {
  const ofSite = (link: { readonly url: string } | null | undefined) =>
    link && URL.parse(link.url)?.origin === origin ? link.url : null;
  const [join, start] = [ofSite(links?.join), ofSite(links?.start)];
  if (join === null && start === null) return null;
  return (
    <p class="line">
      {join !== null && (
        <a class="button" href={join} rel="noreferrer">
          Join
        </a>
      )}
      {start !== null && (
        <>
          <a class="button" href={start} rel="noreferrer">
            Start
          </a>
          <span class="dim">To start it, the host logs in at the site.</span>
        </>
      )}
    </p>
  );
}

function Numbers({ numbers }: Pick<Meeting, "numbers">) {
  if (numbers.length === 0) return null;
  return (
    <section>
      <h2>Call-in numbers</h2>
      <Table heads={["Number", "Kind", "Label"]}>
        {numbers.map(({ number, kind, label = "" }) => (
          <tr>
            <th scope="row">{number}</th>
            <td data-label="Kind">{kind}</td>
            <td data-label="Label">
              <bdi>{label}</bdi>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function DialIn({ dialIn }: Pick<MeetingAnswer, "dialIn">) {
  if (dialIn.length === 0) return null;
  return (
    <section>
      <h2>As telephones key them</h2>
      <p class="dim">A comma is a pause. Names in brackets stand for what the caller keys.</p>
      <Table heads={["Sequence", "Keys"]}>
        {dialIn.map(({ name, dialString }) => (
          <tr>
            <th scope="row">{name}</th>
            <td data-label="Keys">
              <code>{dialString}</code>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Missing({ missing, notes }: Pick<Meeting, "missing"> & Pick<MeetingAnswer, "notes">) {
  const lines = [...missing.map(({ what, says }) => `${what}: ${says}`), ...notes];
  if (lines.length === 0) return null;
  return (
    <section>
      <h2>What is missing</h2>
      <ul class="dim">
        {lines.map((says) => (
          <li>{sentence(says)}</li>
        ))}
      </ul>
    </section>
  );
}
