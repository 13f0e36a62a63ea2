import type { Tree } from "../schema.ts";
import type { UserRow } from "../tables.ts";
import { at, put } from "../trees.ts";
import { addUser, changeUser } from "../users.ts";
import { type Command, csrfOf, type PageCall, PageRefusal } from "./page-call.ts";

const options =
  "Address1 Address2 City State ZipCode Country OPhoneCountry OPhoneArea OPhoneLocal OPhoneExt FPhoneCountry FPhoneArea FPhoneLocal FPhoneExt TimeZone MT MW PL PT LA AC AS OC TC# RP? FL? AB? PF? MM? MR? AA? RC? RE? LB? ForceChangeUserPwd?";

/** p.php: log in and out, accounts. */
export const accounts: Readonly<Record<string, Command>> = {
  LI: {
    what: "log in",
    needs: "nothing",
    args: "WID! PW TK MU PID EM SK FN LN NPW",
    run: (call) => {
      const { site } = call;
      if (at(site.settings, "supportAPI", "autoLogin") !== true) throw new PageRefusal("AutoLoginDisabled");
      if (call.userOrNobody) throw new PageRefusal("AlreadyLogon");
      const user = site.userNamed(call.arg("WID") ?? "");
      const ticket = call.arg("TK");
      const isRight =
        user !== undefined &&
        (ticket === undefined
          ? user.password === call.arg("PW")
          : site.bearer(["login-ticket"], ticket)?.user_id === user.user_id);
      if (!isRight || user.active !== "ACTIVATED") throw new PageRefusal("BadWebexIDorPassword");
      site.run("UPDATE users SET visits = visits + 1 WHERE user_id = ?", user.user_id);
      // A ticket is for one log-in.
      if (ticket !== undefined) site.run("DELETE FROM credentials WHERE value = ?", ticket);
      const next = nextPage(call);
      const cookie = site.issue("cookie", user.user_id);
      return { cookie, data: { WID: user.web_ex_id, CSRF: csrfOf(cookie) }, ...(next !== undefined && { goTo: next }) };
    },
  },
  LO: {
    what: "log out",
    needs: "log-in",
    args: "",
    run: (call) => {
      call.site.run("DELETE FROM credentials WHERE value = ? AND kind = 'cookie'", call.cookie);
      return { cookie: "" };
    },
  },
  SU: {
    what: "sign up a new user",
    needs: "partner",
    args: `FN! LN! EM! WID! PW! PID! ${options}`,
    run: (call) => {
      addUser(call.site, {
        webExId: call.arg("WID"),
        email: call.arg("EM"),
        firstName: call.arg("FN"),
        lastName: call.arg("LN"),
        password: call.arg("PW"),
        ...profile(call),
      });
      return { data: { WID: call.arg("WID") ?? "" } };
    },
  },
  EU: {
    what: "edit a user",
    needs: "log-in and partner",
    args: `WID! PW! PID! NFN NLN NEM NPW NWID CB#? FI# TI# PA# SA# ${options}`,
    run: (call) => {
      const user = known(call);
      if (user.user_id !== call.user.user_id) mustBeAdmin(call);
      if (user.password !== call.arg("PW")) throw new PageRefusal("BadWebexIDorPassword");
      const accounts = call.numbers("CB", "FI", "TI", "PA", "SA");
      if (accounts.some((index) => index < 1 || index > 3))
        throw new PageRefusal("InvalidDataFormat", "TSP accounts are 1 to 3");
      changeUser(
        call.site,
        user,
        given({
          ...profile(call),
          firstName: call.arg("NFN"),
          lastName: call.arg("NLN"),
          email: call.arg("NEM"),
          password: call.arg("NPW"),
          newWebExId: call.arg("NWID"),
          ...(accounts.length > 0 && { tspAccount: { tspAccount: accounts.map((index) => tspAccount(call, index)) } }),
        }),
      );
      return { data: { WID: call.arg("NWID") ?? user.web_ex_id } };
    },
  },
  AC: {
    what: "activate a host",
    needs: "log-in and partner",
    args: "WID! PID!",
    run: (call) => activate(call, "ACTIVATED"),
  },
  IN: {
    what: "deactivate a host",
    needs: "log-in and partner",
    args: "WID! PID!",
    run: (call) => activate(call, "DEACTIVATED"),
  },
};

/** Where the host goes after the log-in: a page of this site, or, by the word GoBack, the back URL. */
function nextPage(call: PageCall): string | undefined {
  const asked = call.arg("MU");
  if (asked === undefined || asked === "GoBack") return undefined;
  const home = call.site.url();
  const target = URL.canParse(asked, home) ? new URL(asked, home) : undefined;
  if (target?.origin !== new URL(home).origin) throw new PageRefusal("Unknown", "MU is no page of this site");
  return target.href;
}

function known(call: PageCall): UserRow {
  const user = call.site.userNamed(call.arg("WID") ?? "");
  if (!user) throw new PageRefusal("BadWebexIDorPassword");
  return user;
}

function mustBeAdmin(call: PageCall): void {
  if (call.user.role !== "admin") throw new PageRefusal("AccessDenied");
}

function activate(call: PageCall, active: string) {
  mustBeAdmin(call);
  const user = known(call);
  call.site.update("users", { active }, "user_id = ?", user.user_id);
  return { data: { WID: user.web_ex_id } };
}

function tspAccount(call: PageCall, index: number): Tree {
  return given({
    tollFreeCallInNumber: call.arg(`FI${index}`),
    accountIndex: index,
    tollCallInNumber: call.arg(`TI${index}`),
    subscriberAccessCode: call.arg(`SA${index}`),
    participantAccessCode: call.arg(`PA${index}`),
    createOnBridge: call.arg(`CB${index}`) === undefined ? undefined : call.arg(`CB${index}`) === "1",
  });
}

/** What is given of an account, as the XML API has it; feature flags as they came. */
function profile(call: PageCall): Tree {
  const phone = (letter: string) =>
    ["Country", "Area", "Local", "Ext"]
      .map((part) => call.arg(`${letter}Phone${part}`))
      .filter(Boolean)
      .join("-") || undefined;
  const places: Readonly<Record<string, string>> = {
    Address1: "address.address1",
    Address2: "address.address2",
    City: "address.city",
    State: "address.state",
    ZipCode: "address.zipCode",
    Country: "address.country",
  };
  const flags = "MT MW PL PT LA AC AS OC RP FL AB PF MM MR AA RC RE LB ForceChangeUserPwd".split(" ");
  const kept = Object.fromEntries(
    flags.flatMap((flag) => (call.arg(flag) === undefined ? [] : [[flag, call.arg(flag)]])),
  );
  let tree: Tree = given({
    timeZoneID: call.whole("TimeZone"),
    urlApi: Object.keys(kept).length > 0 ? kept : undefined,
  });
  for (const [name, path] of Object.entries(places)) {
    const value = call.arg(name);
    if (value !== undefined) tree = put(tree, path.split("."), value);
  }
  for (const n of call.numbers("TC")) tree = put(tree, ["tracking", `trackingCode${n}`], call.arg(`TC${n}`));
  const [office, fax] = [phone("O"), phone("F")];
  if (office) tree = put(tree, ["phones", "phone"], office);
  if (fax) tree = put(tree, ["phones", "fax"], fax);
  return tree;
}

function given(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== undefined));
}
