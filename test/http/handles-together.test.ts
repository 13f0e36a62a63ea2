import { expect, test } from "vitest";
import { Edge } from "../../src/edge.ts";
import { Counts } from "../../src/foundation/metrics.ts";
import { asResponse } from "../../src/http/text-answer.ts";
import type { HandleRequest } from "../../src/rpc/handle-index.ts";
import type { AllObjects } from "../../src/rpc/objects.ts";
import { domains, operatorToken } from "../workers/test-domains.ts";

test("an edge asks the handle index with one call for the documents that come while another call is under way", async () => {
  const calls: { readonly requests: readonly HandleRequest[]; readonly answer: PromiseWithResolvers<object[]> }[] = [];
  const received: string[] = [];
  const objects = {
    handles: () => ({
      resolveAll: (requests: readonly HandleRequest[]) => {
        const answer = Promise.withResolvers<object[]>();
        calls.push({ requests, answer });
        return answer.promise;
      },
    }),
    conference: (_: string, confKey: string) => ({ receive: async () => received.push(confKey) > 0 }),
  };
  const edge = new Edge({
    variables: { DOMAINS: JSON.stringify({ local: domains.local }), OPERATOR_TOKEN: operatorToken },
    objects: objects as unknown as AllObjects,
    counting: {
      measures: { counts: new Counts(), text: () => "" },
      sender: { afterRequest: async () => {}, flush: async () => {} },
      activity: { countRefused: async () => {} },
    },
    log: () => {},
    disk: null,
    after: () => () => {},
    now: () => 1_000_000,
    passedMs: () => 1_000_000,
    newId: () => "id",
    fetch: () => Promise.reject(new Error("nobody answers")),
    waitUntil: (work) => void work,
  });
  const create = async (key: string) => {
    const message = `<W2A_CreateConference MsgID="${key}" WbxHostName="127.0.0.1:1" ExtConfID="${key}" ConfKey="${key}"/>`;
    const body = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${key}</TransID>${message}</WbxTSPSchema>`;
    const request = new Request("http://edge.example.com/tsp/local", { method: "POST", body });
    return (await asResponse(await edge.fetch(request))).status;
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  const answer = (call: (typeof calls)[number] | undefined) =>
    call?.answer.resolve(
      call.requests.map(({ claims }) => new Map(claims.map(({ extConfId, confKey }) => [extConfId, confKey]))),
    );

  const all = [create("9000001"), create("9000002"), create("9000003")];
  while (calls.length === 0) await settled();
  await settled();
  answer(calls[0]);
  while (calls.length === 1) await settled();
  answer(calls[1]);

  expect(await Promise.all(all)).toEqual([200, 200, 200]);
  expect(calls.map(({ requests }) => requests.length)).toEqual([1, 2]);
  expect(received.sort()).toEqual(["9000001", "9000002", "9000003"]);
});
