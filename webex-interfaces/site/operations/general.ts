import { type Call, hasText, isAsked, page, within } from "../call.ts";
import { type RecordingRow, recordingsOf } from "../recordings.ts";
import { Refusal } from "../refusals.ts";
import type { Tree, Value } from "../schema.ts";
import { services } from "../sessions.ts";
import type { UserRow } from "../tables.ts";
import { at, group, groups, list, merge, text } from "../trees.ts";
import { changesOwn, inSchema, readsOwn, readsPublic, readsSite, type Service } from "./operation.ts";
import { getSessionInfo } from "./session-info.ts";
import { generalSessions } from "./sessions.ts";
import { API_VERSION } from "./users.ts";

interface ContactRow {
  readonly contact_id: number;
  readonly owner_id: number;
  readonly name: string;
  readonly email: string;
  readonly address_type: string;
  readonly person: string;
}
interface ListRow {
  readonly list_id: number;
  readonly owner_id: number;
  readonly name: string;
  readonly description: string;
  readonly address_type: string;
}

export const general: Service = {
  binding: "ep",
  prefix: "ep",
  operations: {
    getSessionInfo,
    ...generalSessions,
    getAPIVersion: inSchema({ ...readsPublic, nobody: "public" }, (call) => ({
      apiVersion: API_VERSION,
      release: "WBS31",
      ...(call.request.returnTrainReleaseVersion === true && { trainReleaseVersion: "T31L" }),
    })),
    // Sessions that a call back to a number belongs to: for site administrators; how it is asked and answered is not public.
    detectSessionByCallback: inSchema(readsSite, () => ({}), null),

    createContacts: inSchema(changesOwn, (call) => ({
      contactID: groups(call.request, "contact").map((person) => {
        const { name = "", email } = person;
        const row = { owner_id: call.user.user_id, name: String(name), email: String(email) };
        return call.site.insert("contacts", { ...row, address_type: "PERSONAL", person: JSON.stringify(person) });
      }),
    })),
    lstContact: inSchema(readsOwn, (call) => {
      const { distListID, distListName, addressType, hostWebExID } = call.request;
      const owner = call.owner(hostWebExID);
      const lists = listsOf(call, owner).filter(
        (row) => isAsked(distListID, row.list_id) && isAsked(distListName, row.name),
      );
      const isForList = distListID !== undefined || distListName !== undefined;
      const ids = lists.flatMap((row) => membersOf(call, row));
      const found = contactsOf(call, owner).filter(
        (row) => (!isForList || ids.includes(row.contact_id)) && isAsked(addressType, row.address_type),
      );
      if (found.length === 0) throw new Refusal("noRecord");
      return { contact: found.map(({ name, email, person }) => ({ ...(JSON.parse(person) as Tree), name, email })) };
    }),
    createDistList: inSchema(changesOwn, (call) => {
      const { name, desc = "", contactID } = group(call.request, "distList");
      const row = { owner_id: call.user.user_id, name: String(name), description: String(desc) };
      const distListID = call.site.insert("lists", { ...row, address_type: "PERSONAL" });
      addMembers(call, distListID, contactID);
      return { distListID };
    }),
    setDistList: inSchema(changesOwn, (call) => {
      const { distListID, name, desc, contactID, contactOperation = "ADD" } = group(call.request, "distList");
      const row = listsOf(call, call.user).find(({ list_id }) => list_id === distListID);
      if (!row) throw new Refusal("noRecord");
      const changes = { name: String(name ?? row.name), description: String(desc ?? row.description) };
      call.site.update("lists", changes, "list_id = ?", row.list_id);
      const gone = contactOperation === "DELETE_ALL" ? membersOf(call, row) : [];
      const removed = contactOperation === "DELETE" ? ([contactID ?? []].flat() as Value[]).map(Number) : gone;
      for (const id of removed)
        call.site.run("DELETE FROM list_contacts WHERE list_id = ? AND contact_id = ?", row.list_id, id);
      if (contactOperation === "ADD") addMembers(call, row.list_id, contactID);
      return {};
    }),
    lstDistList: inSchema(readsOwn, (call) => {
      const { distListID, name, addressType, hostWebExID } = call.request;
      const found = listsOf(call, call.owner(hostWebExID)).filter(
        (row) => isAsked(distListID, row.list_id) && hasText(name, row.name) && isAsked(addressType, row.address_type),
      );
      if (found.length === 0) throw new Refusal("noRecord");
      return {
        distList: found.map((row) => ({
          distListID: row.list_id,
          name: row.name,
          desc: row.description,
          addressType: row.address_type,
        })),
      };
    }),

    setupOneClickSettings: inSchema(changesOwn, saveOneClick),
    setOneClickSettings: inSchema(changesOwn, saveOneClick, null),
    getOneClickSettings: inSchema(readsOwn, (call) => {
      const owner = call.owner(call.request.hostWebExID);
      const saved = group(JSON.parse(owner.profile), "oneClick");
      const account = call.site.tspAccount(owner.user_id, at(saved, "telephony", "tspAccountIndex"));
      const codes = groups(saved, "tracking", "trackingCode").map((code) => ({
        ...code,
        name: `Code ${code.index}`,
        inputMode: "TEXT",
      }));
      return {
        ...saved,
        metaData: {
          serviceType: "MeetingCenter",
          sessionType: 3,
          confName: `${owner.first_name}'s meeting`,
          ...group(saved, "metaData"),
        },
        ...(codes.length > 0 && { trackingCodes: { trackingCode: codes } }),
        telephony: {
          telephonySupport: "CALLIN",
          ...group(saved, "telephony"),
          ...(account && {
            account: {
              tollFreeCallInNumber: account.toll_free,
              tollCallInNumber: account.toll,
              subscriberAccessCode: account.subscriber,
              participantAccessCode: account.participant,
            },
          }),
        },
      };
    }),

    lstRecording: inSchema(readsOwn, (call) => {
      const { site, request } = call;
      const kinds = list(request, "serviceTypes", "serviceType").map(String);
      const found = recordingsOf(site)
        .filter((row) => call.owns(row.host_id) && isAsked(request.hostWebExID, site.userById(row.host_id).web_ex_id))
        .filter((row) => isAsked(request.sessionKey, row.session_key) && hasText(request.recordName, row.name))
        .filter((row) => kinds.length === 0 || kinds.includes(services[row.service].serviceType))
        .filter((row) => within(site, group(request, "createTimeScope"), "createTime", row.created_at));
      return page(request, found, "recording", (row) => recordingTree(call, row));
    }),
    getRecordingInfo: inSchema(readsOwn, (call) => {
      const row = recording(call, call.request.recordingID);
      const settings: Tree = JSON.parse(row.settings);
      return {
        ...settings,
        basic: { ...group(settings, "basic"), topic: row.name, listing: row.listing },
        fileAccess: { ...group(settings, "fileAccess"), ...(row.password !== "" && { password: row.password }) },
      };
    }),
    setRecordingInfo: inSchema(changesOwn, (call) => {
      const given = group(call.request, "recording");
      const row = recording(call, given.recordingID);
      const { basic, playback, fileAccess } = call.request as { basic?: Tree; playback?: Tree; fileAccess?: Tree };
      const description = given.description === undefined ? {} : { basic: { description: given.description } };
      const settings = [description, { basic, playback, fileAccess }]
        .map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)) as Tree)
        .reduce(merge, JSON.parse(row.settings) as Tree);
      const changes = {
        name: text(basic ?? {}, "topic") ?? row.name,
        listing: text(basic ?? {}, "listing") ?? row.listing,
        password: text(given, "password") ?? row.password,
        settings: JSON.stringify(settings),
      };
      call.site.update("recordings", changes, "recording_id = ?", row.recording_id);
      return { recordingID: row.recording_id };
    }),
    delRecording: inSchema(changesOwn, (call) => {
      const row = recording(call, call.request.recordingID);
      call.site.run("DELETE FROM recordings WHERE recording_id = ?", row.recording_id);
      return { recordingID: row.recording_id };
    }),
  },
};

function contactsOf(call: Call, owner: UserRow): ContactRow[] {
  return call.site.all<ContactRow>("SELECT * FROM contacts WHERE owner_id = ? ORDER BY contact_id", owner.user_id);
}

function listsOf(call: Call, owner: UserRow): ListRow[] {
  return call.site.all<ListRow>("SELECT * FROM lists WHERE owner_id = ? ORDER BY list_id", owner.user_id);
}

function membersOf(call: Call, { list_id }: ListRow): number[] {
  const rows = call.site.all<{ contact_id: number }>("SELECT contact_id FROM list_contacts WHERE list_id = ?", list_id);
  return rows.map(({ contact_id }) => contact_id);
}

function addMembers(call: Call, listId: number, ids: Value | undefined): void {
  const own = contactsOf(call, call.user).map(({ contact_id }) => contact_id);
  for (const id of ([ids ?? []].flat() as Value[]).map(Number)) {
    if (!own.includes(id)) throw new Refusal("noRecord");
    call.site.run("INSERT OR IGNORE INTO list_contacts (list_id, contact_id) VALUES (?, ?)", listId, id);
  }
}

/** The two operations call the same settings by two names; only one of them may name another host. */
function saveOneClick(call: Call): Tree {
  const { hostWebExID, oneClickMetaData, ...settings } = call.request as {
    hostWebExID?: Value;
    oneClickMetaData?: Tree;
  };
  const owner = call.owner(hostWebExID);
  const oneClick: Tree = { ...settings, ...(oneClickMetaData && { metaData: oneClickMetaData }) };
  const profile = JSON.stringify(merge(JSON.parse(owner.profile), { oneClick }));
  call.site.update("users", { profile }, "user_id = ?", owner.user_id);
  return {};
}

function recording(call: Call, id: Value | undefined): RecordingRow {
  const row = recordingsOf(call.site).find(({ recording_id }) => recording_id === id);
  if (!row) throw new Refusal("noRecord");
  call.mustOwn(row.host_id);
  return row;
}

function recordingTree(call: Call, row: RecordingRow): Tree {
  const host = call.site.userById(row.host_id);
  const settings: Tree = JSON.parse(row.settings);
  return {
    recordingID: row.recording_id,
    hostWebExID: host.web_ex_id,
    name: row.name,
    description: text(settings, "basic", "description") ?? "",
    createTime: call.site.time(row.created_at, host.time_zone),
    timeZoneID: host.time_zone,
    size: row.megabytes,
    streamURL: call.site.url("r.php", { RC: row.recording_id, VIEW: 1 }),
    fileURL: call.site.url("r.php", { RC: row.recording_id }),
    sessionKey: row.session_key,
    recordingType: 0,
    duration: row.seconds,
    listing: row.listing,
    format: row.format,
    serviceType: services[row.service].serviceType,
    passwordReq: row.password !== "",
    confID: row.conf_id,
  };
}
