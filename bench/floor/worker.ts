import { DurableObject } from "cloudflare:workers";

/**
 * The hops of a mute without any logic, on the platform that the adapter runs on: Worker → object, one transaction → relay object →
 * WebSocket → agent, and back: object, one transaction → post. Nothing is parsed but the frames: what a hop needs
 * to know of a post stands in the post's URL.
 */
interface FloorEnv {
  readonly CONFERENCE: DurableObjectNamespace<BareConference>;
  readonly RELAY: DurableObjectNamespace<BareRelay>;
}

/** Travels to the bare bridge and back. As long as the adapter's own frame for a mute. */
interface Frame {
  readonly type: "commands";
  readonly epoch: number;
  readonly conference: string;
  readonly replyTo: string;
  readonly commands: readonly [
    { readonly id: string; readonly command: { readonly type: "mute"; readonly call: string } },
  ];
}

export default {
  async fetch(request: Request, env: FloorEnv): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url, "http://edge");
    const [, route, name = ""] = pathname.split("/");
    const given = (parameter: string) => searchParams.get(parameter) ?? "";
    switch (route) {
      case "agent":
        // An object wants a whole address; the request has its path alone.
        return env.RELAY.getByName("relay").fetch(new Request("http://edge/agent", request));
      case "ready":
        return new Response(null, { status: (await env.RELAY.getByName("relay").isReady()) ? 200 : 503 });
      case "confirm":
        await env.CONFERENCE.getByName(name).commit(await request.text());
        return confirmation(given("transId"));
      case "whole":
        await env.CONFERENCE.getByName(name).begin(await request.text(), {
          ...{ type: "commands", epoch: 1, conference: name, replyTo: given("replyTo") },
          commands: [{ id: given("msgId"), command: { type: "mute", call: "c1000" } }],
        });
        return confirmation(given("transId"));
      case "posts":
        await env.CONFERENCE.getByName(name).postAll(await request.json(), given("replyTo"));
        return confirmation(given("transId"));
      default:
        return new Response(null, { status: 404 });
    }
  },
};

export class BareConference extends DurableObject<FloorEnv> {
  private answers = 0;

  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS seen (seq INTEGER PRIMARY KEY, body TEXT);
      CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, body TEXT);
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, body TEXT);
    `);
  }

  /** Three rows in one transaction: the repeat check, the outbox, the state. */
  commit(body: string): void {
    this.ctx.storage.transactionSync(() => {
      this.ctx.storage.sql.exec("INSERT INTO seen (body) VALUES (?)", body);
      this.write(body);
    });
  }

  begin(body: string, frame: Frame): void {
    this.commit(body);
    // The platform holds it back until the transaction is on disk.
    void this.env.RELAY.getByName("relay").send(frame);
  }

  finish({ conference, replyTo, commands }: Frame): void {
    const answer = answerTo(commands[0].id, `${conference}-${++this.answers}`);
    this.ctx.storage.transactionSync(() => this.write(answer));
    this.ctx.waitUntil(post(replyTo, answer));
  }

  /** One after the other, as the documents to one host go. */
  async postAll(bodies: readonly string[], replyTo: string): Promise<void> {
    for (const body of bodies) await post(replyTo, body);
  }

  private write(body: string): void {
    const { sql } = this.ctx.storage;
    sql.exec("INSERT INTO outbox (body) VALUES (?)", body);
    sql.exec("INSERT INTO state (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", body);
  }
}

export class BareRelay extends DurableObject<FloorEnv> {
  override async fetch(): Promise<Response> {
    const { 0: webSocket, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket });
  }

  isReady(): boolean {
    return this.ctx.getWebSockets().length > 0;
  }

  send(frame: Frame): void {
    this.ctx.getWebSockets()[0]?.send(JSON.stringify(frame));
  }

  override async webSocketMessage(_socket: WebSocket, text: string): Promise<void> {
    const frame: Frame = JSON.parse(text);
    await this.env.CONFERENCE.getByName(frame.conference).finish(frame);
  }
}

async function post(replyTo: string, body: string): Promise<void> {
  const headers = { "content-type": "text/xml; charset=UTF-8" };
  const response = await fetch(`http://${replyTo}/`, { method: "POST", headers, body });
  await response.text();
}

/** The text of the adapter's answer to a mute. */
function answerTo(msgId: string, transId: string): string {
  return document(
    transId,
    `<A2W_RspUpdateUser MsgID="${msgId}" Result="0" ExtCallID="70001"></A2W_RspUpdateUser>` +
      '<A2W_NotifyUserChange MsgID="26324000002" ExtConfID="B200000001" ExtCallID="70001" Status="1"></A2W_NotifyUserChange>',
  );
}

function confirmation(transId: string): Response {
  return new Response(document(transId, '<Confirmation Result="0"></Confirmation>'), {
    headers: { "content-type": "text/xml; charset=UTF-8" },
  });
}

function document(transId: string, content: string): string {
  return `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${content}</WbxTSPSchema>`;
}
