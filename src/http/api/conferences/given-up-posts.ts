import * as v from "valibot";
import { sendAgainId } from "../../../operators/send-again.ts";
import { actionStages } from "../../../rpc/action-stages.ts";
import type { GivenUpContent } from "../../../rpc/conference.ts";
import { type GivenUpPost, givenUpPost } from "../../../rpc/directory-feed.ts";
import type { Domain } from "../../../settings/load.ts";
import type { PeoplePorts } from "../../edge-ports.ts";
import { problem } from "../../problem.ts";
import { cursorOf, limitOf, next } from "../paging.ts";
import { routeOf } from "../route.ts";
import { isKnown } from "./conferences.ts";
import { accepted, acceptedAction, answerTo, refusalText } from "./operate.ts";

const route = routeOf("Domains");

const path = "/domains/{domain}/given-up-posts";
const MOST_LISTED = 1_000;
const USUAL = 100;

export const postCursor = cursorOf(/^\d{15}-.{1,100}$/s);

const listed = {
  id: v.pipe(v.string(), v.description("Its name in the path of further requests.")),
  ...givenUpPost.entries,
};

const unlisted = v.pipe(
  v.exactOptional(v.number()),
  v.description(
    "On the first page: so many open documents more are too many to be listed, or of no conference. Absent: none.",
  ),
);

export const givenUpRoutes = [
  route("listGivenUpPosts", `GET ${path}`, {
    says: "Documents of conferences that their receiver did not confirm at the last attempt, the latest first",
    more: "At most 1,000, and none that is older than records are kept. Answers that belong to no conference are not among them: the log has those (`post-given-up`).",
    query: {
      server: v.optional(
        v.pipe(v.string(), v.description("Those for this TSP server alone, with its scheme or without.")),
      ),
      ...{ cursor: postCursor, limit: limitOf(MOST_LISTED) },
    },
    answer: {
      says: "Documents, without what stood in them.",
      schema: v.object({ posts: v.array(v.object(listed)), next, unlisted }),
    },
    handle: ({ domain: { name }, edge, query: { cursor = null, limit = USUAL, server } }) =>
      edge.objects.directory(name).givenUp(cursor, limit, server),
  }),
  route("showGivenUpPost", `GET ${path}/{post}`, {
    says: "One of them with what stood in it, and whether it can be sent again",
    more: "What stood in it is in the journal of its conference alone, for `journalRetentionDays`, and shown as the journal is.",
    answer: {
      says: "The document.",
      schema: v.object({
        ...listed,
        document: v.pipe(
          v.nullable(v.string()),
          v.description("As it was posted; null: the conference's journal does not have it any more."),
        ),
        notSentAgain: v.pipe(
          v.nullable(v.string()),
          v.description("Why it is not sent again, in a sentence; null: it can be, or it was."),
        ),
        again: v.pipe(
          v.nullable(actionStages),
          v.description("How far it has come since somebody sent it again; null: nobody did."),
        ),
      }),
    },
    refusals: { 404: "There is no such domain that you see, or no such document is kept." },
    async handle({ domain, edge, path: { post: id } }) {
      const found = await foundPost(domain, id, edge);
      if (!found) return noSuchPost(id);
      const { post, content } = found;
      return {
        ...{ id, ...post, document: content?.text ?? null, again: content?.again ?? null },
        notSentAgain: notSentAgain(post, content),
      };
    },
  }),
  route("sendAgain", `POST ${path}/{post}/send`, {
    says: "Sends a document that was given up once more, behind all that waits for its server",
    more: "By the ordinary way: under a TransID of its own, with the same MsgIDs, and tried as often as others; what is given up again is in the list anew. What is not so any more is left out of it. Each document is sent again once: a further request is answered alike, and sends nothing.",
    answer: accepted,
    refusals: {
      404: "There is no such domain that you see, or no such document is kept.",
      409: "WebEx would hear what is wrong, or nobody would hear it; the detail says why.",
      422: "The settings do not have its receiver any more.",
    },
    about: ({ domain, edge, path: { post: id } }) => aboutPost(domain, id, edge),
    async handle({ domain, edge, path: { post: id }, signedIn }) {
      const found = await foundPost(domain, id, edge);
      if (!found) return noSuchPost(id);
      const { conference, row } = found.post;
      const object = edge.objects.conference(domain.name, conference);
      const result = found.content ? await object.sendAgain(row, signedIn.person.name) : whyGone(found.post);
      return answerTo(result, conference, acceptedAction(domain.name, conference, sendAgainId(row)));
    },
  }),
];

interface FoundPost {
  readonly post: GivenUpPost;
  readonly content: GivenUpContent | null;
}

/** What is known of a document that was given up; `null`: nothing. `content`: `null`, its journal does not have it any more. */
export async function foundPost(domain: Domain, id: string, edge: PeoplePorts): Promise<FoundPost | null> {
  const post = await edge.objects.directory(domain.name).givenUpPost(id);
  if (!post) return null;
  const known = await isKnown(domain, post.conference, edge);
  const content = known ? await edge.objects.conference(domain.name, post.conference).givenUp(post.row) : null;
  return { post, content: content?.transId === post.transId ? content : null };
}

/** Why it is not sent again, in a sentence; `null`: it can be, or it was. */
export function notSentAgain(post: GivenUpPost, content: GivenUpContent | null): string | null {
  const refusal = content ? content.refusal : whyGone(post);
  return refusal && refusalText(refusal, post.conference);
}

function whyGone(post: GivenUpPost): "conference-over" | "no-such-post" {
  return isNeverPosted(post) ? "conference-over" : "no-such-post";
}

/** All that a server was never notified of: its conference is over, and has no document of this. */
export function isNeverPosted({ transId }: Pick<GivenUpPost, "transId">): boolean {
  return transId === "";
}

async function aboutPost(domain: Domain, id: string, edge: PeoplePorts): Promise<Readonly<Record<string, string>>> {
  const post = await edge.objects.directory(domain.name).givenUpPost(id);
  return post ? { post: id, confKey: post.conference, host: post.host, transId: post.transId } : { post: id };
}

function noSuchPost(id: string): Response {
  return problem(404, "no such post", `No document that was given up goes by ${id}, or it is no longer kept.`);
}
