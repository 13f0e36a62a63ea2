import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import type { GivenUpContent } from "../../rpc/conference.ts";
import type { GivenUpPage } from "../../rpc/directory.ts";
import type { GivenUpPost } from "../../rpc/directory-feed.ts";
import { type Frame, Page } from "../page.tsx";
import { Empty, Fact, hostText, Notice, Table, Time, Words } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";
import { ActionLine } from "./action-line.tsx";

interface ListProps {
  readonly domain: string;
  readonly page: GivenUpPage;
  /** Those before this one alone. */
  readonly before: string | null;
  readonly now: EpochMs;
}

/** Documents that were given up, the latest first. */
export function GivenUpList({ domain, page: { posts, next }, before, now }: ListProps) {
  const path = pathOf(domain, "hosts");
  if (posts.length === 0) {
    return (
      <Empty title={before === null ? "Nothing was given up" : "There are no more"}>
        A document that its server did not confirm at the last attempt stands here, and can be sent again.
      </Empty>
    );
  }
  return (
    <>
      <Table heads={["Given up", "Conference", "WebEx host", { number: "Attempts" }, "Why", "Since", "Messages"]}>
        {posts.map((post) => (
          <tr id={`post-${post.id}`} data-row="">
            <th scope="row">
              <a href={pathOf(domain, "hosts", "posts", post.id)}>
                <Time at={post.at} now={now} />
              </a>
            </th>
            <td data-label="Conference">
              <a href={pathOf(domain, "conferences", post.conference)}>{post.conference}</a>
            </td>
            <td data-label="WebEx host">{hostText(post.host)}</td>
            <td data-label="Attempts" class="number">
              {post.attempts}
            </td>
            <td data-label="Why">{post.why}</td>
            <td data-label="Since">
              {post.settledAt === null ? (post.owed ? "owed" : "") : post.expired ? "expired" : "settled"}
            </td>
            <td data-label="Messages">{post.messages.join(", ")}</td>
          </tr>
        ))}
      </Table>
      <div class="line">
        {before !== null && <a href={path}>Latest</a>}
        {next !== null && <a href={withQuery(path, { before: next })}>Older</a>}
      </div>
    </>
  );
}

interface PostProps extends Frame {
  readonly domain: string;
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
  const { conference, host, at, attempts, why, transId, messages } = post;
  const maySend = person.role === "operator" && content !== null && content.again === null && notSentAgain === null;
  return (
    <Page {...frame} title="Given up">
      <p>
        <a href={pathOf(domain, "hosts")}>WebEx hosts</a>
      </p>
      <section id="post" data-part="" class="part">
        <dl class="facts">
          <Fact name="Conference">
            <a href={pathOf(domain, "conferences", conference)}>{conference}</a>
          </Fact>
          <Fact name="To">{hostText(host)}</Fact>
          <Fact name="Given up">
            <Time at={at} now={now} />
            {`, after ${counted(attempts, "attempt")}`}
          </Fact>
          <Fact name="Why">{why}</Fact>
          <Fact name="TransID">{transId}</Fact>
          <Fact name="Messages">{messages.join(", ")}</Fact>
        </dl>
        {content?.again && <ActionLine stages={content.again} now={now} />}
        {notSentAgain !== null && (
          <Notice is="plain">
            <Words of={sentence(notSentAgain)} />
          </Notice>
        )}
        {maySend && (
          <form method="post" action={pathOf(domain, "hosts", "posts", id)} class="inline" data-stay="">
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
