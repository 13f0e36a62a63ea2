import type { EpochMs } from "../../foundation/ids.ts";
import { hostText } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import { messagesText, type SentAgain, unlistedText } from "../../operators/send-again.ts";
import { isSettled } from "../../records/given-up-post.ts";
import type { GivenUpContent } from "../../rpc/conference.ts";
import type { GivenUpPage } from "../../rpc/directory.ts";
import type { GivenUpPost } from "../../rpc/directory-feed.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Empty, Facts, Further, Notice, Table, Time, Words } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { ActionLine } from "./action-line.tsx";

interface ListProps {
  readonly domain: string;
  readonly page: GivenUpPage;
  /** Those before this one alone. */
  readonly before: string | null;
  readonly now: EpochMs;
}

/** Documents that were given up, the latest first. */
export function GivenUpList({ domain, page: { posts, next, unlisted = 0 }, before, now }: ListProps) {
  const path = pathOf(domain, "servers");
  const more = unlisted > 0 && <p class="dim">{unlistedText(unlisted)}</p>;
  if (posts.length === 0) {
    if (more) return more;
    return (
      <Empty title={before === null ? "Nothing was given up" : "There are no more"}>
        A document that its server did not confirm at the last attempt stands here, and can be sent again.
      </Empty>
    );
  }
  return (
    <>
      <SendAgainLinks {...{ domain, posts }} />
      {more}
      <Table
        rows={posts}
        id={({ id }) => `post-${id}`}
        classes={{ Attempts: "number" }}
        columns={{
          "Given up": ({ id, at }) => (
            <a href={pathOf(domain, "servers", "posts", id)}>
              <Time at={at} now={now} />
            </a>
          ),
          Conference: ({ conference }) => <a href={pathOf(domain, "conferences", conference)}>{conference}</a>,
          "TSP server": ({ host }) => hostText(host),
          Attempts: ({ attempts }) => attempts,
          Why: ({ why }) => why,
          "At WebEx": ({ settledAt, owed, expired }) =>
            settledAt === null ? (owed ? "still owed" : "") : expired ? "expired" : "settled",
          Messages: messagesText,
        }}
      />
      <Further
        path={path}
        to={{
          Latest: before === null ? null : {},
          Older: next === null ? null : { before: next },
        }}
      />
    </>
  );
}

/** A link for each TSP server that leads to what would be sent to it again. */
function SendAgainLinks({ domain, posts }: { readonly domain: string; readonly posts: GivenUpPage["posts"] }) {
  const open = posts.filter((post) => !isSettled(post)).map(({ host }) => host);
  return (
    <p class="line">
      {[...new Set(open)].map((host) => (
        <a class="button" href={pathOf(domain, "servers", host, "send-again")}>
          Send again all for {hostText(host)} …
        </a>
      ))}
    </p>
  );
}

interface SendAgainProps extends DomainFrame {
  readonly sent: SentAgain;
}

/** What would be sent if all that was given up for one TSP server were sent again, and the button that does it. */
export function SendAgainPage({ sent, ...frame }: SendAgainProps) {
  const { domain, person } = frame;
  const { server, documents, conferences, not } = sent;
  const isNothing = documents === 0 && not.length === 0;
  const all = `${counted(documents, "document")} of ${counted(conferences.length, "conference")}`;
  return (
    <Page {...frame} title="Send again">
      <p>
        <a href={pathOf(domain, "servers")}>TSP servers</a>
      </p>
      <section id="send-again" data-part="" class="part">
        <p>
          {isNothing ? "Nothing was given up for " : `${all} can be sent again to `}
          {hostText(server)}.
        </p>
        {not.map(({ documents, says }) => (
          <p>{`${counted(documents, "document")} not: ${says}`}</p>
        ))}
        {person.role === "operator" && (documents > 0 || not.some(({ reason }) => reason === "probed")) && (
          <form method="post" action={pathOf(domain, "servers", server, "send-again")} class="inline">
            <button type="submit">{documents > 0 ? `Send ${all} again` : "Ask it now whether it is back"}</button>
          </form>
        )}
      </section>
    </Page>
  );
}

interface PostProps extends DomainFrame {
  readonly id: string;
  readonly post: GivenUpPost;
  /** `null`: the conference's journal does not have it any more. */
  readonly content: GivenUpContent | null;
  /** Why it is not sent again; `null`: it can be, or it was. */
  readonly notSentAgain: string | null;
}

/** One document that was given up: what stood in it, and a button that sends it again. */
export function GivenUpPostPage({ id, post, content, notSentAgain, ...frame }: PostProps) {
  const { domain, now, person } = frame;
  const { conference, host, at, attempts, why, transId } = post;
  const maySend = person.role === "operator" && content !== null && content.again === null && notSentAgain === null;
  return (
    <Page {...frame} title="Given up">
      <p>
        <a href={pathOf(domain, "servers")}>TSP servers</a>
      </p>
      <section id="post" data-part="" class="part">
        <Facts
          kind="facts"
          of={{
            Conference: <a href={pathOf(domain, "conferences", conference)}>{conference}</a>,
            To: hostText(host),
            "Given up": [
              <Time at={at} now={now} />,
              attempts > 0 ? `, after ${counted(attempts, "attempt")}` : ", never posted as a whole",
            ],
            Why: why,
            ...(transId !== "" && { TransID: transId }),
            Messages: messagesText(post),
          }}
        />
        {content?.again && <ActionLine stages={content.again} now={now} />}
        {notSentAgain !== null && (
          <Notice is="plain">
            <Words of={sentence(notSentAgain)} />
          </Notice>
        )}
        {maySend && (
          <form method="post" action={pathOf(domain, "servers", "posts", id)} class="inline" data-stay="">
            <button type="submit">Send again</button>
          </form>
        )}
        {content && content.text !== null && (
          <div class="text">
            <pre tabindex={0}>{content.text}</pre>
          </div>
        )}
      </section>
    </Page>
  );
}
