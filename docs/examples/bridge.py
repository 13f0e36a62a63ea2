#!/usr/bin/env python3
"""A bridge program to start from, in the generic bridge protocol (docs/bridge-protocol.md): python3 bridge.py 8790

Python 3.10 or newer, and nothing else. `websocket.py` beside it is the server, `telephones.py` the calls, which are
imaginary: put your switch in their place. All runs in one thread, so answers, events and states reach an agent in the
order in which they became true.
"""
import asyncio, secrets, sys
from telephones import Telephones
from websocket import serve

# What your bridge cannot do, such as ["lock", "private-rooms"]. Refuse the commands for it as "not-supported".
CANNOT = []


class Refused(Exception):
    """A command that has changed nothing, and why."""


class Agent:
    def __init__(self, name, socket):
        self.name, self.socket, self.send = name, socket, socket.send
        self.owner, self.epoch = None, 0  # For whom it acts, from `activate` on.


class Bridge:
    def __init__(self):
        self.boot_id = secrets.token_hex(4)  # Another one each time the program starts: its calls are gone then.
        self.conferences = {}  # By key, each as it stands in the state.
        self.calls = {}  # By id, likewise: an agent ignores the fields that do not belong to a call's stage.
        self.agents = []  # The open connections.
        self.holding, self.held = False, []  # For tests: commands wait, each with its agent.
        self.telephones = Telephones(self)

    def carry_out(self, owner, key, command):
        """One command for this owner, each time it comes. Its answer tells what it has changed; no event does."""
        kind, call, conference = command["type"], self.calls.get(command.get("call")), self.conferences.get(key)
        if owner is None:
            raise Refused("refused")  # The agent has not said `activate`.
        if kind == "create-conference":
            fresh = {"owner": owner, "locked": False, "reportsSpeakers": False, "rooms": [{"id": "main", "kind": "main"}]}
            conference = conference or fresh  # One that is there takes what is said anew, and all else of it stays.
            if "renews" in command and (conference is fresh or conference["owner"] != owner):
                raise Refused("no-such-conference")
            if conference["owner"] != owner:
                raise Refused("refused")
            conference.pop("accessCodes", None)
            said = {field: command[field] for field in ("anonymousId", "maxCallers", "accessCodes") if field in command}
            self.conferences[key] = {**conference, **said, "conference": key}
            return
        if kind != "expel" or key is not None:
            if conference is None or conference["owner"] != owner:
                raise Refused("no-such-conference")
        if "call" in command and kind != "dial":
            # A caller at the prompt is in no conference: `admit` brings it in, and `expel` without a conference ends it.
            of = None if kind == "admit" and call and call["stage"] == "prompted" else key
            if call is None or call["stage"] == "ended" or call["conference"] != of:
                raise Refused("no-such-call")
        rooms = conference["rooms"] if conference else []
        room = next((each for each in rooms if each["id"] == command.get("room", "main")), None)
        match kind:  # Here your switch does what the records say.
            case "end-conference":
                self.end_conference(key)
            case "lock" | "unlock":
                conference["locked"] = kind == "lock"
            case "report-speakers" | "stop-reporting-speakers":
                conference["reportsSpeakers"] = kind == "report-speakers"
            case "create-room":
                if room is None:
                    rooms.append({"id": command["room"], "kind": command["kind"]})
            case "close-room":
                if room is None or room["id"] == "main":
                    raise Refused("no-such-room")
                rooms.remove(room)
                for each in self.calls.values():
                    if each["conference"] == key and each["room"] == room["id"]:
                        each["room"] = "main"
            case "dial":
                if call is not None and call["stage"] != "ended":
                    raise Refused("refused")
                digits = command["number"]["country"] + command["number"]["area"] + command["number"]["local"]
                call = self.new_call(command["call"], "ringing", "out", digits, conference=key)
                self.telephones.ring(call, command["waitMs"])
            case "cancel-dial":
                if call["stage"] == "entered":
                    raise Refused("no-such-call")
                self.end(call, "cancelled")
            case "admit" | "move":
                if call["stage"] == "ringing":
                    raise Refused("no-such-call")
                if call["stage"] == "prompted" and conference["locked"]:
                    raise Refused("locked")
                if room is None:
                    raise Refused("no-such-room")
                inside = [each for each in self.calls.values() if each["conference"] == key and each["room"]]
                if call["stage"] == "prompted" and len(inside) >= (conference["maxCallers"] or sys.maxsize):
                    raise Refused("capacity")
                call.update(stage="entered", conference=key, room=room["id"])
                for field in ("muted", "joinTone", "attendeeId", "host"):
                    if field in command:
                        call[field] = command[field]
            case "mute" | "unmute":
                call["muted"] = kind == "mute"
            case "expel":
                self.end(call, "refused" if key is None else "expelled")
            case _:
                raise Refused("not-supported")

    def new_call(self, id, stage, direction, number, dialled="", conference=None):
        self.calls.pop(id, None)  # The id of an ended call may be used again.
        self.calls[id] = {
            **{"call": id, "stage": stage, "direction": direction, "number": number, "dialled": dialled, "keys": ""},
            **{"conference": conference, "room": None, "muted": False, "joinTone": None, "attendeeId": None},
            **{"voice": False, "talking": False, "reason": None, "heard": []},
        }
        return self.calls[id]

    def end(self, call, reason):
        """Ended calls stay in the state for a while: so an agent that was away learns how they ended."""
        call.update(stage="ended", room=None, talking=False, reason=reason)
        self.calls[call["call"]] = self.calls.pop(call["call"])  # The latest last.
        for id in [id for id, each in self.calls.items() if each["stage"] == "ended"][:-1000]:
            del self.calls[id]

    def end_conference(self, key):
        for call in [each for each in self.calls.values() if each["conference"] == key and each["stage"] != "ended"]:
            self.end(call, "conference-ended")
        del self.conferences[key]

    def tell(self, type, **fields):
        """An event: to each agent, whosever it is."""
        for agent in self.agents:
            agent.send({"type": type, **fields})

    def tell_who_talks(self):
        for call in self.calls.values():
            conference = self.conferences.get(call["conference"])
            wanted = conference is not None and conference["reportsSpeakers"]
            talking = wanted and call["stage"] == "entered" and call["voice"] and not call["muted"]
            if talking != call["talking"]:
                call["talking"] = talking
                if wanted:
                    self.tell("talking", call=call["call"], conference=call["conference"], talking=talking)

    async def connected(self, name, socket):
        for older in [each for each in self.agents if name is not None and each.name == name]:
            self.leave(older)  # The agent has connected anew: the network may not have told that this one is over.
        agent = Agent(name, socket)
        self.agents.append(agent)
        hello = {"type": "hello", "version": 3, "bootId": self.boot_id, "ports": None, "cannot": CANNOT}
        agent.send({**hello, "announces": True})
        try:
            async for message in socket.messages():
                if agent in self.agents:
                    self.receive(agent, message)
        finally:
            self.leave(agent)

    def leave(self, agent, code=None):
        """What the agent has asked for and has not begun never begins."""
        if agent in self.agents:
            self.agents.remove(agent)
            self.held = [(by, message) for by, message in self.held if by is not agent]
            agent.socket.close(code) if code else agent.socket.abort()

    def receive(self, agent, message):
        match message["type"]:
            case "ping":
                agent.send({"type": "pong", "id": message["id"]})
            case "state":
                state = {"conferences": list(self.conferences.values()), "calls": list(self.calls.values())}
                agent.send({"type": "state", "id": message["id"], "state": state})
            case "activate":
                agent.owner, agent.epoch = message["owner"], message["epoch"]
                rivals = [each for each in self.agents if each is not agent and each.owner == agent.owner]
                is_late = any(each.epoch > agent.epoch for each in rivals)
                for loser in [agent] if is_late else rivals:
                    self.leave(loser, 4001)
            case "announce":
                call = self.calls.get(message["call"])
                if agent.owner is not None and call is not None:
                    call["heard"].append(message["announcement"])  # Here your switch plays it, until a key is pressed.
            case "command" if self.holding:
                self.held.append((agent, message))
            case "command":
                try:
                    self.carry_out(agent.owner, message["conference"], message["command"])
                    agent.send({"type": "done", "id": message["id"]})
                except Refused as refused:
                    agent.send({"type": "refused", "id": message["id"], "reason": str(refused)})
                self.tell_who_talks()  # After the answer: a mute or `report-speakers` changes who is heard.
            case other:
                raise ValueError(f"there is no message {other}")  # Ends the connection.

    def hold(self, holding):
        """For tests: commands wait from now on, or are let go."""
        self.holding = holding
        while self.held and not holding:
            self.receive(*self.held.pop(0))


bridge = Bridge()
try:
    asyncio.run(serve(int(sys.argv[1]), "/bridge", bridge.connected, bridge.telephones.request))
except KeyboardInterrupt:
    pass
