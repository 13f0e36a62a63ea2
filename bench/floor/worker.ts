import { DurableObject } from "cloudflare:workers";

/**
 * The least that an adapter on this platform must do for one confirmed post: Worker, one call to an object, one transaction
 * of three rows (the repeat check, the outbox, the state). No XML, no checks. All beyond this is Bridgehead's own cost.
 */
interface FloorEnv {
  readonly FLOOR: DurableObjectNamespace<FloorObject>;
}

export default {
  async fetch(request: Request, env: FloorEnv): Promise<Response> {
    const name = new URL(request.url).pathname;
    await env.FLOOR.getByName(name).write(await request.text());
    return new Response("<Confirmation/>", { headers: { "content-type": "text/xml; charset=UTF-8" } });
  },
};

export class FloorObject extends DurableObject<FloorEnv> {
  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS seen (seq INTEGER PRIMARY KEY, body TEXT);
      CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, body TEXT);
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, body TEXT);
    `);
  }

  write(body: string): void {
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      sql.exec("INSERT INTO seen (body) VALUES (?)", body);
      sql.exec("INSERT INTO outbox (body) VALUES (?)", body);
      sql.exec("INSERT INTO state (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", body);
    });
  }
}
