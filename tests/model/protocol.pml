/* The protocol of docs/correctness.md, for spin. tests/model/run checks it: as it is, the model
 * holds; with any one guard taken away (-DNO_...) spin finds a history that ends with a wrong index.
 *
 * There is one document, made of a root row (x; 0: no row) and an embedded row (y), in one or two
 * indexes. Macros choose what happens beside the changes: CRASHES, TRUNCATES, RESHAPES (the
 * definition changes), SECOND (a process that knows a second index joins), RESTORES (the database
 * is restored from a copy). Everything is bounded, so that all histories can be visited.
 */

#ifndef CRASHES
#define CRASHES 0
#endif
#define EVENTS 4
#define MESSAGES 4
#define NONE 255

#define NO_REQUESTS (!msg[0].live && !msg[1].live && !msg[2].live && !msg[3].live)
#define UNLOCKED (!ev[0].locked && !ev[1].locked && !ev[2].locked && !ev[3].locked)
#define OPEN(n) (ev[n].taken && !ev[n].done)

/* What is remembered longer than any request lives. */
#ifdef NO_GC_DELETES
#define OLD_REQUESTS_ARE_GONE true
#else
#define OLD_REQUESTS_ARE_GONE (NO_REQUESTS && reading == 0)
#endif

/* -- PostgreSQL */
byte x, y;        /* the committed rows */
byte clk;         /* transactions that have ended */
byte epoch;
byte gen;         /* state.generation; the document's shape as well */
bool second;      /* the definition of the second index is in force */
byte seq;         /* the last event id taken */
typedef Event { bool taken, visible, locked, done, truncated; byte waits }
Event ev[EVENTS]; /* by id; `waits`: bits of the indexes that still have to take it */
byte writing;     /* transactions that are open */
bool scan[2];     /* pieces that are left, of each index */
bool walk, walk_again;
byte low;         /* the floor of the outbox */

/* -- the engine */
typedef Document { bool present; byte x, y, shape, version }
Document doc[2];
byte kept;        /* the epoch in _meta */
typedef Message { bool live; byte to, x, y, shape, version, from }
Message msg[MESSAGES]; /* requests on their way; a sender that dies leaves them there */
bool answered[4];

byte crashes, restores;
byte reading;     /* transactions that have read the rows: they keep a TRUNCATE from its lock */
bool restored_or_never = true;

#ifdef NO_CLOCK
#define VERSION(id) (id + 1)
#else
#define VERSION(id) (epoch * 32 + clk)
#endif

inline Send(me, i, sx, sy, sg, sv) {
  /* atomic in the callers */
  if
  :: !msg[0].live -> m = 0
  :: msg[0].live && !msg[1].live -> m = 1
  :: msg[0].live && msg[1].live && !msg[2].live -> m = 2
  :: msg[0].live && msg[1].live && msg[2].live && !msg[3].live -> m = 3
  fi;
  msg[m].live = true; msg[m].to = i; msg[m].x = sx; msg[m].y = sy; msg[m].shape = sg;
  msg[m].version = sv; msg[m].from = me; answered[me] = false; m = 0
}

/* Takes a request, at any time and in any order. */
proctype Engine() {
  byte n;
end:
  do
  :: atomic {
       if
       :: msg[0].live -> n = 0
       :: msg[1].live -> n = 1
       :: msg[2].live -> n = 2
       :: msg[3].live -> n = 3
       fi;
#ifdef NO_VERSIONS
       if
       :: true ->
#else
       if
       :: msg[n].version >= doc[msg[n].to].version -> /* external_gte */
#endif
            doc[msg[n].to].version = msg[n].version;
            doc[msg[n].to].present = (msg[n].x != 0);
            doc[msg[n].to].x = msg[n].x; doc[msg[n].to].y = (msg[n].x != 0 -> msg[n].y : 0);
            doc[msg[n].to].shape = msg[n].shape
#ifndef NO_VERSIONS
       :: else
#endif
       fi;
       if :: msg[n].from != NONE -> answered[msg[n].from] = true :: else fi;
       msg[n].live = false; msg[n].x = 0; msg[n].y = 0; msg[n].shape = 0; msg[n].version = 0;
       msg[n].to = 0; msg[n].from = 0; n = 0
     }
#ifdef DELETES
  /* The version of a deletion is forgotten after gc_deletes. */
  :: atomic {
       (!doc[0].present && doc[0].version > 0 && OLD_REQUESTS_ARE_GONE) -> doc[0].version = 0
     }
#endif
  od
}

/* A transaction that changes a row: the trigger takes an id of the outbox before it commits. */
inline Change(row, value, is_truncate) {
  atomic { id = seq; seq++; ev[id].taken = true; ev[id].truncated = is_truncate; writing++ };
  atomic {
    (!is_truncate || reading == 0) ->
    row = value; clk++; writing--;
    ev[id].visible = true;
    ev[id].waits = (second -> 3 : 1)
  }
}

byte writers = 2;
proctype Roots() {
  byte id;
#ifdef TRUNCATES
  Change(x, 0, true);
#elif defined(KEEPS)
  Change(x, 2, false);
#else
  Change(x, 0, false);
#ifndef SHORT
  Change(x, 2, false);
#endif
#endif
  writers--
}
proctype Embedded() {
  byte id;
#ifndef TRUNCATES
  Change(y, 2, false);
#endif
  writers--
}

#ifdef FLOOR
/* The low-water mark: no event below it is left or can appear. */
proctype Floor() {
  byte s, n;
  atomic { s = seq };
#ifndef NO_FLOOR_RULE
  atomic { /* every transaction that had an id at or below the sample is over */
    ((s < 1 || ev[0].visible) && (s < 2 || ev[1].visible) && (s < 3 || ev[2].visible) && (s < 4 || ev[3].visible)) -> skip
  };
#endif
  atomic {
    n = 0;
    do
    :: n < s && !(ev[n].visible && !ev[n].done) -> n++
    :: else -> break
    od;
    low = n
  }
}
#endif

/* Claim, read, write, acknowledge. `knows`: bits of the indexes in its configuration. */
proctype Worker(byte me; byte knows) {
  byte id, sx, sy, sv, g, i, m, mine, lives;
  bool reads_first;
#ifdef JOINS_LATE
  if :: knows == 3 -> second :: else fi;
#endif
begin:
  atomic { id = 0; sx = 0; sy = 0; sv = 0; i = 0; mine = 0; lives = restores; g = gen };
end:
  do
  :: atomic { g != gen -> g = gen }  /* the keeper has looked */
#ifdef NO_READ_AFTER_CLAIM
  :: atomic { !reads_first -> reads_first = true; sx = x; sy = y; sv = VERSION(id) }
#endif
  :: atomic {
       if
       :: ev[0].visible && !ev[0].locked && !ev[0].done && (ev[0].waits & knows) && low <= 0 -> id = 0
       :: ev[1].visible && !ev[1].locked && !ev[1].done && (ev[1].waits & knows) && low <= 1 -> id = 1
       :: ev[2].visible && !ev[2].locked && !ev[2].done && (ev[2].waits & knows) && low <= 2 -> id = 2
       :: ev[3].visible && !ev[3].locked && !ev[3].done && (ev[3].waits & knows) && low <= 3 -> id = 3
       fi;
#ifndef NO_GENERATION
       if :: g != gen -> goto again :: else fi;
#endif
       ev[id].locked = true; lives = restores;
       mine = ev[id].waits & knows;
#ifdef NO_WAITING_FOR
       mine = knows;
#endif
       skip
     }
#ifdef NO_ACK_AFTER_WRITE
     ev[id].done = true;
#endif
     if
     :: atomic { ev[id].truncated ->
#ifndef NO_WALK
          walk = true;
#ifndef NO_WALK_AGAIN
          walk_again = true;
#endif
#endif
          goto ack
        }
     :: else
     fi;
     i = 0;
     do
     :: i < 2 && (mine & (1 << i)) ->
          atomic {
#ifdef NO_READ_AFTER_CLAIM
            if :: reads_first :: else -> sx = x; sy = y; sv = VERSION(id) fi;
#else
            sx = x; sy = y; sv = VERSION(id);
#endif
            reading++
          };
          if
          :: atomic { restores == lives -> Send(me, i, sx, sy, g, sv) }
          :: atomic { restores != lives -> reading--; goto begin }
#if CRASHES
          :: atomic { crashes < CRASHES && restores == lives ->
               crashes++; reading--; ev[id].locked = false; goto begin }
#endif
          fi;
#if CRASHES
          if
          :: atomic { crashes < CRASHES -> crashes++; answered[me] = false;
               if :: msg[0].live && msg[0].from == me -> msg[0].from = NONE :: else fi;
               if :: msg[1].live && msg[1].from == me -> msg[1].from = NONE :: else fi;
               if :: msg[2].live && msg[2].from == me -> msg[2].from = NONE :: else fi;
               if :: msg[3].live && msg[3].from == me -> msg[3].from = NONE :: else fi;
               if :: restores == lives -> ev[id].locked = false :: else fi;
               reading--; goto begin
             }
          :: atomic { answered[me] -> reading-- }
          fi;
#else
          atomic { answered[me] -> reading-- };
#endif
          i++
     :: i < 2 && !(mine & (1 << i)) -> i++
     :: i == 2 -> break
     od;
ack:
     atomic {
       if
       :: restores != lives -> goto begin
       :: else
       fi;
#ifdef NO_WAITING_FOR
       ev[id].waits = 0;
#else
       ev[id].waits = ev[id].waits & ~knows;
#endif
       ev[id].done = (ev[id].waits == 0);
       ev[id].locked = false;
       id = 0; sx = 0; sy = 0; sv = 0; i = 0; mine = 0; reads_first = false
     };
     goto begin
  od;
again:
  goto begin
}

/* First copies, refills, and walks over the ids of the index. */
proctype Filler(byte me) {
  byte sx, sy, sv, g, m, i, lives;
begin:
  atomic { sx = 0; sy = 0; sv = 0; g = 0; i = 0; lives = restores };
end:
  do
  :: atomic { scan[0] -> i = 0 }; goto fill
  :: atomic { scan[1] -> i = 1 }; goto fill
  :: atomic { walk -> i = 2 }; goto look
  :: atomic { (walk_again && !walk && NO_REQUESTS && reading == 0) -> i = 3 }; goto look
  od;
fill:
  atomic {
#if defined(RESHAPES) && !defined(NO_WAIT_FOR_OLDER)
    UNLOCKED ->
#endif
    sx = x; sy = y; sv = VERSION(0); reading++; lives = restores; g = gen
  };
  if
  :: atomic { sx == 0 -> reading--; goto done }
  :: atomic { sx != 0 -> Send(me, i, sx, sy, g, sv) }
  fi;
#if CRASHES
  if
  :: atomic { crashes < CRASHES -> crashes++; answered[me] = false;
       if :: msg[0].live && msg[0].from == me -> msg[0].from = NONE :: else fi;
       if :: msg[1].live && msg[1].from == me -> msg[1].from = NONE :: else fi;
       if :: msg[2].live && msg[2].from == me -> msg[2].from = NONE :: else fi;
       if :: msg[3].live && msg[3].from == me -> msg[3].from = NONE :: else fi;
       reading--; goto begin
     }
  :: atomic { answered[me] -> reading-- }
  fi;
#else
  atomic { answered[me] -> reading-- };
#endif
  goto done;
look:
  if
  :: !doc[0].present -> goto done
  :: else
  fi;
  atomic { sx = x; sy = y; sv = VERSION(0); reading++; lives = restores; g = gen };
  if
  :: atomic { sx != 0 -> reading--; goto done }
  :: atomic { sx == 0 -> Send(me, 0, sx, sy, g, sv) }
  fi;
  atomic { answered[me] -> reading-- };
done:
  atomic {
    if
    :: restores != lives || g != gen -> skip /* these pieces were replaced */
    :: else ->
         if
         :: i < 2 -> scan[i] = false
         :: i == 2 -> walk = false
         :: i == 3 -> walk_again = false
         fi
    fi
  };
  goto begin
}

#ifdef RESHAPES
/* Another definition of the same index: its refill and the generation come in one transaction. */
proctype Keeper() {
  atomic { gen++; scan[0] = true }
}
#endif
#ifdef SECOND
/* A process that has a second index in its configuration joins one that does not know it. */
proctype Keeper() {
  atomic { second = true; gen++; scan[1] = true }
}
#endif
#ifdef RESTORES
/* The database is copied, restarted (which raises the epoch), lost, and restored from the copy; no
 * process lives to know what was issued. */
proctype Operator() {
  byte cx, cy, cclk, cepoch;
  atomic { (writers == 0 && UNLOCKED && !OPEN(0) && !OPEN(1)) ->
           cx = x; cy = y; cclk = clk; cepoch = epoch;
           epoch++;
           kept = epoch };
  /* Changes of the life that will be lost. */
  atomic { x = 3; clk = clk + 3; ev[2].taken = true; ev[2].visible = true; ev[2].waits = 1 };
  ev[2].done && !ev[2].locked;
  atomic {
    restores++; x = cx; y = cy; clk = cclk; epoch = cepoch + 1;
#ifndef NO_KEPT_EPOCH
    if :: epoch <= kept -> epoch = kept + 1 :: else fi;
    kept = epoch;
#endif
#ifdef NO_EPOCH
    epoch = cepoch;
#endif
    scan[0] = true; walk = true
  };
  /* A change of the new life. */
  atomic { x = 4; clk++; ev[3].taken = true; ev[3].visible = true; ev[3].waits = 1 };
  restored_or_never = true
}
#endif

/* When nothing is left to do, each index holds the document as it is. */
proctype Judge() {
  atomic {
    (writers == 0 && restored_or_never && !OPEN(0) && !OPEN(1) && !OPEN(2) && !OPEN(3) && !scan[0] && !scan[1] && !walk && !walk_again && NO_REQUESTS && UNLOCKED) ->
    assert(doc[0].present == (x != 0));
    assert(!doc[0].present || (doc[0].x == x && doc[0].y == y));
    assert(!doc[0].present || doc[0].shape == gen || second);
    assert(!second || doc[1].present == (x != 0));
    assert(!doc[1].present || (doc[1].x == x && doc[1].y == y))
  }
}

init {
  atomic {
    x = 1; y = 1; clk = 1;
#ifdef COPIED
    doc[0].present = true; doc[0].x = 1; doc[0].y = 1; doc[0].version = 1;
#else
    scan[0] = true;
#endif
#ifdef RESTORES
    restored_or_never = false;
#endif
    run Engine();
    run Roots(); run Embedded();
    run Worker(0, 1);
#ifdef SECOND
    run Worker(1, 3);
#else
#ifdef WORKERS2
    run Worker(1, 1);
#endif
#endif
#ifdef FLOOR
    run Floor();
#endif
#if defined(RESHAPES) || defined(SECOND)
    run Keeper();
#endif
#ifdef RESTORES
    run Operator();
#endif
    run Filler(2);
    run Judge()
  }
}
