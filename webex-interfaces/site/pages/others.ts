import { put } from "../trees.ts";
import { type Command, type Outcome, type PageCall, PageRefusal } from "./page-call.ts";

const command = (what: string, args: string | null, run: Command["run"]): Command => ({
  what,
  needs: "log-in",
  args,
  run,
});

interface ContactRow {
  readonly contact_id: number;
  readonly name: string;
  readonly email: string;
}

/** o.php: My WebEx. */
export const myWebex: Readonly<Record<string, Command>> = {
  AA: command("add contacts", null, (call) => {
    const given = Object.fromEntries(call.args);
    const email = [...call.args.values()].find((value) => value.includes("@"));
    if (email === undefined) throw new PageRefusal("Unknown", "no argument is an e-mail address");
    const name = Object.entries(given).find(([key, value]) => key.startsWith("FN") && value !== email)?.[1] ?? email;
    const row = { owner_id: call.user.user_id, name, email, address_type: "PERSONAL" };
    call.site.insert("contacts", { ...row, person: JSON.stringify({ urlApi: given }) });
    return {};
  }),
  DA: command("delete a contact", null, (call) => {
    const { contact_id } = contact(call);
    call.site.run("DELETE FROM contacts WHERE contact_id = ?", contact_id);
    return {};
  }),
  EA: command("edit a contact", null, (call) => {
    const { contact_id, name } = contact(call);
    const newName = [...call.args].find(([key]) => key.startsWith("FN"))?.[1] ?? name;
    call.site.update("contacts", { name: newName }, "contact_id = ?", contact_id);
    return {};
  }),
  FA: command("find contacts", null, (call) => {
    const words = [...call.args.values()].map((value) => value.toLowerCase());
    const found = contacts(call).filter(({ name, email }) =>
      words.every((word) => `${name} ${email}`.toLowerCase().includes(word)),
    );
    return { show: { title: "Contacts", rows: found.map(({ name, email }) => [name, email]) } };
  }),
  LF: command("list files", "CD", (call) => {
    const folder = call.arg("CD") ?? "";
    const files = filesOf(call).filter((file) => file.folder === folder);
    return { show: { title: "Files", rows: files.map(({ name, bytes }) => [name, bytes]) } };
  }),
  // The seed calls it "delete", and describes a download: it downloads.
  DF: command("download a file", "FN!", (call) => {
    const file = filesOf(call).find(({ name }) => name === call.arg("FN"));
    if (!file) throw new PageRefusal("Unknown", "there is no such file");
    return { show: { title: file.name, rows: [[file.name, file.bytes]] } };
  }),
  MO: command("one's profile", null, (call) => {
    const { web_ex_id, first_name, last_name, email } = call.user;
    return { show: { title: "Profile", rows: [[web_ex_id, first_name, last_name, email]] } };
  }),
  // The code of its required argument, the type of the report, is not public.
  QR: command("end-user report", null, (call) => {
    const from = call.day("StartYE", "StartMO", "StartDA") ?? 0;
    const to = call.day("EndYE", "EndMO", "EndDA") ?? Number.MAX_SAFE_INTEGER;
    const topic = call.arg("TC")?.toLowerCase() ?? "";
    const rows = call.site
      .all<{ name: string; started_at: number; ended_at: number }>(
        "SELECT name, started_at, ended_at FROM history_sessions WHERE service = 'TC' AND host_id = ?",
        call.user.user_id,
      )
      .filter((row) => row.started_at >= from && row.started_at < to && row.name.toLowerCase().includes(topic))
      .map((row) => [row.name, Math.round((row.ended_at - row.started_at) / 60_000)]);
    return { show: { title: "Report", rows } };
  }),
  ST: command("set the service type", "SP!", (call) => {
    const SP = call.arg("SP") ?? "";
    if (!["MC", "TC", "EC", "SC", "SaC"].includes(SP)) throw new PageRefusal("Unknown", "there is no service SP");
    const profile = JSON.stringify(put(JSON.parse(call.user.profile), ["serviceType"], SP));
    call.site.update("users", { profile }, "user_id = ?", call.user.user_id);
    return { data: { SP } };
  }),
};

/** h.php: hands-on lab. */
export const labs: Readonly<Record<string, Command>> = {
  LL: command("list labs", null, (call) =>
    show(
      "Labs",
      labsOf(call).map(({ name }) => [name]),
    ),
  ),
  LD: command("details of a lab", null, (call) => {
    const { name, description, computers } = lab(call);
    return show(name, [[name, description, computers]]);
  }),
  LS: command("schedule of a lab", null, (call) => show("Reservations", reservations(call))),
  CA: command("check the availability of a lab", null, (call) => {
    const { name, computers } = lab(call);
    const now = call.site.now();
    const taken = call.site.one<{ sum: number }>(
      "SELECT coalesce(sum(computers), 0) AS sum FROM lab_reservations WHERE lab = ? AND starts_at <= ? AND ends_at > ?",
      name,
      now,
      now,
    );
    return show(name, [[name, computers - (taken?.sum ?? 0)]]);
  }),
};

/** c.php: remote access. */
export const computers: Readonly<Record<string, Command>> = {
  RL: command("list one's computers", null, (call) =>
    show(
      "Computers",
      computersOf(call).map(({ name, state }) => [name, state]),
    ),
  ),
  RA: command("connect to a computer", null, (call) => setState(call, "connected")),
  DC: command("disconnect from a computer", null, (call) => setState(call, "available")),
  RC: command("remove a computer", null, (call) => {
    const { name } = computer(call);
    call.site.run("DELETE FROM computers WHERE owner_id = ? AND name = ?", call.user.user_id, name);
    return {};
  }),
};

function show(title: string, rows: readonly (readonly (string | number)[])[]): Outcome {
  return { show: { title, rows } };
}

function contacts(call: PageCall): ContactRow[] {
  return call.site.all<ContactRow>("SELECT * FROM contacts WHERE owner_id = ? ORDER BY contact_id", call.user.user_id);
}

function contact(call: PageCall): ContactRow {
  return call.named(contacts(call), ({ email }) => email);
}

function filesOf(call: PageCall) {
  type Row = { folder: string; name: string; bytes: number };
  return call.site.all<Row>("SELECT * FROM files WHERE owner_id = ? ORDER BY name", call.user.user_id);
}

function labsOf(call: PageCall) {
  return call.site.all<{ name: string; description: string; computers: number }>("SELECT * FROM labs ORDER BY name");
}

function lab(call: PageCall) {
  return call.named(labsOf(call), ({ name }) => name);
}

function reservations(call: PageCall): readonly (readonly (string | number)[])[] {
  type Row = { name: string; computers: number; starts_at: number };
  const rows = call.site.all<Row>("SELECT * FROM lab_reservations WHERE lab = ? ORDER BY starts_at", lab(call).name);
  return rows.map((row) => [row.name, call.site.time(row.starts_at, call.site.row.time_zone), row.computers]);
}

function computersOf(call: PageCall) {
  return call.site.all<{ name: string; state: string }>(
    "SELECT * FROM computers WHERE owner_id = ? ORDER BY name",
    call.user.user_id,
  );
}

function computer(call: PageCall) {
  return call.named(computersOf(call), ({ name }) => name);
}

function setState(call: PageCall, state: string): Outcome {
  const { name } = computer(call);
  call.site.update("computers", { state }, "owner_id = ? AND name = ?", call.user.user_id, name);
  return {};
}
