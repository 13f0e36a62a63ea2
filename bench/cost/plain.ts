import { DurableObject } from "cloudflare:workers";
import { counted, countedObject } from "./count.ts";

/**
 * The comparison: what the same messages cost with the schema that comes to mind first: TEXT keys, an index, and an alarm for each
 * message that must go out.
 */
interface PlainEnv {
  readonly PLAIN: DurableObjectNamespace<Plain>;
}

/** How many of each came and went. */
interface Traffic {
  readonly documents: number;
  readonly commands: number;
  readonly reports: number;
  readonly posts: number;
}

export default {
  async fetch(request, env) {
    if (request.method === "GET") return Response.json(Object.fromEntries(counted));
    await env.PLAIN.getByName("meeting").play(await request.json());
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<PlainEnv>;

class Plain extends DurableObject<PlainEnv> {
  private serial = 0;

  constructor(ctx: DurableObjectState, env: PlainEnv) {
    super(ctx, env);
    ctx.storage.sql
      .exec(`
        CREATE TABLE IF NOT EXISTS transactions (trans_id TEXT PRIMARY KEY, body TEXT, at INTEGER);
        CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (at);
        CREATE TABLE IF NOT EXISTS callers (call_id TEXT PRIMARY KEY, state TEXT);
        CREATE TABLE IF NOT EXISTS commands (command_id TEXT PRIMARY KEY, body TEXT);
        CREATE TABLE IF NOT EXISTS reports (report_id TEXT PRIMARY KEY, body TEXT);
        CREATE TABLE IF NOT EXISTS outbox (trans_id TEXT PRIMARY KEY, body TEXT, next_attempt INTEGER);
        CREATE INDEX IF NOT EXISTS outbox_by_time ON outbox (next_attempt);
      `)
      .toArray();
  }

  play({ documents, commands, reports, posts }: Traffic): void {
    for (let index = 0; index < documents; index++) {
      this.write("INSERT INTO transactions VALUES (?, '', 0)");
    }
    for (let index = 0; index < commands; index++) {
      const id = this.write("INSERT INTO commands VALUES (?, '')");
      this.setAlarm();
      this.write("DELETE FROM commands WHERE command_id = ?", id);
    }
    for (let index = 0; index < reports; index++) {
      this.write("INSERT INTO reports VALUES (?, '')");
      this.write("INSERT INTO callers VALUES (?, '') ON CONFLICT DO UPDATE SET state = excluded.state", "one");
    }
    for (let index = 0; index < posts; index++) {
      const id = this.write("INSERT INTO outbox VALUES (?, '', 0)");
      this.setAlarm();
      this.write("DELETE FROM outbox WHERE trans_id = ?", id);
    }
  }

  override alarm(): void {}

  private write(sql: string, id = `id-${++this.serial}`): string {
    this.ctx.storage.sql.exec(sql, id).toArray();
    return id;
  }

  private setAlarm(): void {
    void this.ctx.storage.setAlarm(Date.now() + 3_600_000);
  }
}

export const PlainObject = countedObject(Plain, "plain");
