import type { Stage } from "../player/stage.ts";
import { type Clause, documented, judged } from "./clause.ts";

const overview = "Technical overview (HTTP or HTTPS, over the internet or a leased line)";
const HTTPS_SERVER = 3;

export const httpsClauses: readonly Clause[] = [
  documented("T2", overview, "the adapter posts to a TSP server by HTTPS", async (stage) => {
    if (!stage.webex.options.https)
      stage.notTestable("a TSP server by HTTPS: give --https FILE, and have the adapter trust the authority in it");
    const conference = stage.newConference(HTTPS_SERVER);
    const { msgId } = await conference.posts(conference.createMessage());
    const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId }).catch((error: unknown) => {
      noHttps(stage);
      throw error;
    });
    stage.check(answer, { Result: "0" }, HTTPS_SERVER);
    stage.check(await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }), {}, HTTPS_SERVER);
  }),
  judged("T2a", "documented", overview, "the adapter takes posts by HTTPS", ({ webex: { options, answeredAt } }) => {
    if (!options.adapterUrl.startsWith("https:"))
      return {
        outcome: "not-testable",
        because: "nothing",
        why: "the adapter's address is not https: posts came by HTTP",
      };
    return answeredAt > 0
      ? { outcome: "passed", why: "" }
      : { outcome: "failed", why: "no post was answered", cause: "no post is answered by HTTPS" };
  }),
];

/** Only port 443 says to every adapter, in the form that the documents have, that a server is reached by HTTPS. */
function noHttps(stage: Stage): void {
  const { tlsFailure } = stage.webex;
  const host = stage.webex.host(HTTPS_SERVER);
  const isPlain = tlsFailure === "it speaks HTTP there";
  if (tlsFailure !== null && !isPlain)
    stage.notTestable(`the adapter does not trust the authority of --https (${tlsFailure}): have it trust that file`);
  if (host.endsWith(":443")) return;
  const what = isPlain ? "speaks HTTP" : "posts nothing";
  stage.notTestable(`the adapter ${what} to ${host}: give that server port 443 (the third --listen or --announce)`);
}
