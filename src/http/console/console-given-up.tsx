import { GivenUpPostPage } from "../../console/conference/given-up-post.tsx";
import { pathOf } from "../../console/paths.ts";
import { foundPost, notSentAgain } from "../api/conferences/given-up-posts.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { addPage, type PageCall, type Pages, trouble } from "./console.tsx";
import { addForm } from "./form.ts";

/** The page of one document that was given up, and the form that sends it again. */
export function addGivenUpPages(pages: Pages, edge: PeoplePorts): void {
  const path = "/:domain/hosts/posts/:post" as const;
  addPage(pages, edge, path, async (call) => {
    const { domain, frame } = call;
    const id = idOf(call);
    const found = await foundPost(domain, id, call.edge);
    if (!found) return noSuchPost(call, edge, id);
    const { post, content } = found;
    const around = frame("hosts", post.conference);
    // Nothing comes of a conference of which nothing is kept.
    const live = content && around.live;
    return <GivenUpPostPage {...{ ...around, live, id, post, content }} notSentAgain={notSentAgain(post, content)} />;
  });
  const to = (call: PageCall) => pathOf(call.domain.name, "hosts", "posts", idOf(call));
  addForm(pages, edge, path, { asks: "sendAgain", to });
}

function idOf({ context }: PageCall): string {
  return context.req.param("post") ?? "";
}

function noSuchPost({ context, domain }: PageCall, edge: PeoplePorts, id: string): Response {
  const says = `No document of ${domain.name} that was given up goes by ${id}, or it is no longer kept.`;
  return trouble(context, edge, 404, "No such document", says);
}
