import { GivenUpPostPage } from "../../console/conference/given-up-post.tsx";
import { pathOf } from "../../console/paths.ts";
import { aboutPost, givenUpPost, notSentAgain, sendAgain } from "../api/conferences/given-up-posts.ts";
import { refusalText } from "../api/conferences/operate.ts";
import type { Edge } from "../app.ts";
import { addPage, type PageCall, type Pages, trouble } from "./console.tsx";
import { actByForm } from "./console-form.ts";

/** The page of one document that was given up, and the form that sends it again. */
export function addGivenUpPages(pages: Pages, edge: Edge): void {
  const path = "/:domain/hosts/posts/:post" as const;
  addPage(pages, edge, path, async (call) => {
    const { domain, frame } = call;
    const id = idOf(call);
    const found = await givenUpPost(domain, id, call.edge);
    if (!found) return noSuchPost(call, edge, id);
    const { post, content } = found;
    const around = frame("hosts", post.conference);
    // Nothing comes of a conference of which nothing is kept.
    const live = content && around.live;
    return <GivenUpPostPage {...{ ...around, live, id, post, content }} notSentAgain={notSentAgain(post, content)} />;
  });
  addPage(pages, edge, path, (call) => send(call, edge), "POST");
}

function idOf({ context }: PageCall): string {
  return context.req.param("post") ?? "";
}

async function send(call: PageCall, edge: Edge): Promise<Response> {
  const { context, domain, signedIn } = call;
  const id = idOf(call);
  const about = await aboutPost(domain, id, call.edge);
  return actByForm(call, edge, { action: "sendAgain", about }, async () => {
    const found = await givenUpPost(domain, id, call.edge);
    if (!found) return { response: noSuchPost(call, edge, id), refusal: "no such post" };
    const result = await sendAgain(domain, found, call.edge, signedIn);
    if (result !== "done") {
      const says = refusalText(result, found.post.conference);
      return { response: trouble(context, edge, 409, "Not sent again", says), refusal: result };
    }
    return { response: context.redirect(pathOf(domain.name, "hosts", "posts", id), 303), refusal: null };
  });
}

function noSuchPost({ context, domain }: PageCall, edge: Edge, id: string): Response {
  const says = `No document of ${domain.name} that was given up goes by ${id}, or it is no longer kept.`;
  return trouble(context, edge, 404, "No such document", says);
}
