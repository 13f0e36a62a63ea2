import { secretText } from "../../foundation/shown.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import type { MeetingAnswer } from "../../rpc/webex-site.ts";
import { Age, Empty, Facts, isolatedText, Listed, listed, Notice, Sentence, Time } from "../parts.tsx";
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
          <Sentence of={sentence(failure)} near={frame.now} /> <a href={path}>Ask again</a>
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
          <MeetingFacts meeting={{ ...meeting, accessCode: accessCode ?? meeting.accessCode }} />
          {mayRead && (
            <form method="post" action={path} class="line">
              <button type="submit">Show the access code</button>
              <span class="dim">The audit keeps who has read it.</span>
            </form>
          )}
          <Links links={answer.links} origin={origin} />
          <Listed
            title="Call-in numbers"
            rows={meeting.numbers}
            columns={{
              Number: ({ number }) => number,
              Kind: ({ kind }) => kind,
              Label: ({ label = "" }) => <bdi>{label}</bdi>,
            }}
          />
          <Listed
            title="As telephones key them"
            note="A comma is a pause. Names in brackets stand for what the caller keys."
            rows={dialIn}
            columns={{ Sequence: ({ name }) => name, Keys: ({ dialString }) => <code>{dialString}</code> }}
          />
          <Missing missing={meeting.missing} notes={notes} />
        </>
      )}
    </ConferenceFramePage>
  );
}

function MeetingFacts({ meeting }: { readonly meeting: Meeting }) {
  const { topic, host, schedule, status, accessCode, service, sessionKey } = meeting;
  const all = (...texts: readonly (string | null)[]) => listed([...new Set(texts)].filter(Boolean).map(isolatedText));
  return (
    <Facts
      kind="card facts"
      of={{
        Topic: isolatedText(topic),
        Host: host && all(host.name, host.webExId, host.email),
        Begins: schedule && all(schedule.startsAt.replace("T", " "), schedule.timeZone),
        Lasts: schedule && `${schedule.minutes} min`,
        Status: status,
        "Access code": isolatedText(accessCode),
        Session: all(sessionKey, service),
      }}
    />
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
      {join !== null && <SiteLink to={join}>Join</SiteLink>}
      {start !== null && [
        <SiteLink to={start}>Start</SiteLink>,
        <span class="dim">To start it, the host logs in at the site.</span>,
      ]}
    </p>
  );
}

function SiteLink({ to, children }: { readonly to: string; readonly children: string }) {
  return (
    <a class="button" href={to} rel="noreferrer">
      {children}
    </a>
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
