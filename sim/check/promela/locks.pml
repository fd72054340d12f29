
/* ----------------------------------------------------------------- kinds of lock */

/* spin makes no use of a type that no lock has, and cc then refuses what it writes. */
#if USES_SPINLOCKS
/* Ticket lock, recursive or not: the order of arrival is the order of grant, and a
 * release serves the next ticket at once (xen/common/spinlock.c). */
typedef spinlock_t {
    byte owner = NONE;
    byte depth;
    chan queue = [ACTORS] of { byte }
};

inline spin_lock(l)
{
    d_step {
        if
        :: l.owner == NONE -> l.owner = me
        :: l.owner == me -> fatal(SELF_DEADLOCK)
        :: else -> l.queue ! me
        fi
    };
    (l.owner == me)
}
inline spin_unlock(l)
{
    d_step {
        if
        :: l.owner != me -> fatal(RELEASE_NOT_HELD)
        :: l.owner == me && len(l.queue) > 0 -> l.queue ? l.owner
        :: l.owner == me && len(l.queue) == 0 -> l.owner = NONE
        fi
    }
}
#define SPIN_TRY(l)  (l.owner == NONE)
inline spin_taken(l) { l.owner = me }

inline recursive_lock(l)
{
    d_step {
        if
        :: l.owner == NONE -> l.owner = me
        :: l.owner == me -> l.depth++
        :: else -> l.queue ! me
        fi
    };
    (l.owner == me)
}
inline recursive_unlock(l)
{
    d_step {
        if
        :: l.owner != me -> fatal(RELEASE_NOT_HELD)
        :: l.owner == me && l.depth > 0 -> l.depth--
        :: l.owner == me && l.depth == 0 && len(l.queue) > 0 -> l.queue ? l.owner
        :: l.owner == me && l.depth == 0 && len(l.queue) == 0 -> l.owner = NONE
        fi
    }
}
#define RECURSIVE_TRY(l) (l.owner == NONE || l.owner == me)
inline recursive_taken(l)
{
    if
    :: l.owner == me -> l.depth++
    :: else -> l.owner = me
    fi
}

#endif

/*
 * Xen's queue rwlock (xen/common/rwlock.c).  Who does not get through at once stands in
 * the queue, the inner ticket lock, and only its head looks at the word: a reader until
 * no writer holds it or waits, a writer until none holds it, then it sets WAITING, which
 * turns new readers away, and waits for those that read.  Past the queue goes who finds
 * the word free.  A reader that is turned away raises the count for an instant in Xen,
 * which can delay others but not stop them: left out.
 */
#if USES_RWLOCKS
typedef rwlock_t {
    byte writer = NONE;
    bool waiting;
    byte reads[ACTORS];
    chan queue = [ACTORS] of { byte }
};
#endif
#if USES_RWLOCKS || USES_PERCPU_RWLOCKS
#define HEAD_OF(l) (l.queue ? [eval(me)])

/* Reading inside one's own write is allowed (868a01021c). */
#define READ_TRY(l) (l.writer == me || (l.writer == NONE && !l.waiting))
inline read_taken(l) { l.reads[me]++ }
inline read_lock(l)
{
    if
    :: d_step { READ_TRY(l) -> read_taken(l) }
    :: d_step { !READ_TRY(l) -> l.queue ! me };
       d_step { HEAD_OF(l) && l.writer == NONE && !l.waiting -> read_taken(l); l.queue ? _ }
    fi
}
inline read_unlock(l)
{
    d_step {
        if
        :: l.reads[me] == 0 -> fatal(RELEASE_NOT_HELD)
        :: else -> l.reads[me]--
        fi
    }
}

#define WRITE_TRY(l) (l.writer == NONE && !l.waiting && READERS_OF(l) == 0)
inline write_taken(l) { l.writer = me }
inline write_lock(l)
{
    if
    :: d_step { WRITE_TRY(l) -> write_taken(l) }
    :: d_step {
           !WRITE_TRY(l) ->
           if
           :: l.writer == me -> fatal(SELF_DEADLOCK)
           :: l.writer != me && l.reads[me] > 0 -> fatal(READ_TO_WRITE_UPGRADE)
           :: else -> l.queue ! me
           fi
       };
       d_step { HEAD_OF(l) && l.writer == NONE -> l.waiting = true };
       d_step { READERS_OF(l) == 0 -> l.waiting = false; write_taken(l); l.queue ? _ }
    fi
}
inline write_unlock(l)
{
    d_step {
        if
        :: l.writer != me -> fatal(RELEASE_NOT_HELD)
        :: else -> l.writer = NONE
        fi
    }
}

#endif

/*
 * Xen's per-CPU rwlock (xen/include/xen/rwlock.h): a reader marks its own slot; a writer
 * takes the rwlock inside for writing, says that it is coming and waits for every slot.
 * A reader that finds a writer coming waits for the rwlock inside.
 */
#if USES_PERCPU_RWLOCKS
typedef percpu_rwlock_t {
    byte writer = NONE;       /* of the rwlock inside, and what follows as well */
    bool waiting;
    byte reads[ACTORS];
    chan queue = [ACTORS] of { byte };
    bool activating;
    byte slots[ACTORS]
};

#define PERCPU_READ_TRY(l) (!l.activating)
inline percpu_read_taken(l) { l.slots[me]++ }
inline percpu_read_lock(l)
{
    if
    :: d_step { PERCPU_READ_TRY(l) -> percpu_read_taken(l) }
    :: d_step {
           !PERCPU_READ_TRY(l) ->
           if
           :: l.writer == me -> fatal(SELF_DEADLOCK)
           :: else
           fi
       };
       read_lock(l);
       d_step { percpu_read_taken(l); l.reads[me]-- }
    fi
}
inline percpu_read_unlock(l)
{
    d_step {
        if
        :: l.slots[me] == 0 -> fatal(RELEASE_NOT_HELD)
        :: else -> l.slots[me]--
        fi
    }
}

#define PERCPU_WRITE_TRY(l) (WRITE_TRY(l) && SLOTS_OF(l) == 0)
inline percpu_write_taken(l) { l.writer = me; l.activating = true }
inline percpu_write_lock(l)
{
    d_step {
        if
        :: l.writer != me && l.slots[me] > 0 -> fatal(READ_TO_WRITE_UPGRADE)
        :: else
        fi
    };
    write_lock(l);
    l.activating = true;
    (SLOTS_OF(l) == 0)
}
inline percpu_write_unlock(l)
{
    d_step {
        if
        :: l.writer != me -> fatal(RELEASE_NOT_HELD)
        :: else -> l.activating = false; l.writer = NONE
        fi
    }
}

#endif

/* A lock inside an object: taking it, spinning on it and releasing it use the object. */
inline word_in_vpci(v)
{
    d_step {
        if
        :: v == NONE -> fatal(UNPUBLISHED_OBJECT)
        :: v != NONE && !vpcis[v].alive -> fatal(USE_AFTER_FREE)
        :: v != NONE && vpcis[v].alive && vpcis[v].incomplete && made != v ->
            broken(UNPUBLISHED_OBJECT)
        :: else
        fi
    }
}

inline word_still_in_vpci(v)
{
    d_step {
        if
        :: v != NONE && !vpcis[v].alive -> fatal(USE_AFTER_FREE)
        :: else
        fi
    }
}

/* --------------------------------------------------------------------------- RCU */

inline rcu_read_lock() { rcu[me]++ }
#if CALLBACKS == 0
inline rcu_read_unlock(depth) { rcu[me] = depth }
#else

/*
 * A callback runs at some time after every read section that was open at call_rcu has
 * ended: a process of its own, so that it may be late.
 */
typedef callback_t {
    bool queued;
    bool is_pdev;
    byte pointer = NONE;
    byte readers              /* bit per vCPU whose section it waits for */
};
callback_t callbacks[CALLBACKS];

inline rcu_read_unlock(depth)
{
    d_step {
        rcu[me] = depth;
        if
        :: rcu[me] == 0 ->
            found = 0;
            do
            :: found < CALLBACKS ->
                callbacks[found].readers = callbacks[found].readers & ~(1 << me);
                found++
            :: else -> break
            od;
            found = NONE
        :: else
        fi
    }
}

inline queue_callback(pdev_or_vpci, what)
{
    found = 0;
    do
    :: found < CALLBACKS && callbacks[found].queued -> found++
    :: else -> break
    od;
    if
    :: found == CALLBACKS -> fatal(OUT_OF_BOUNDS)
    :: else ->
        callbacks[found].queued = true;
        callbacks[found].is_pdev = what;
        callbacks[found].pointer = pdev_or_vpci;
        callbacks[found].readers = SECTIONS
    fi;
    found = NONE
}
inline call_rcu_pdev(p)
{
    d_step {
        if
        :: p != NONE -> queue_callback(p, true)
        :: else
        fi
    }
}
inline call_rcu_vpci(p)
{
    d_step {
        if
        :: p != NONE && CLEARED_FROM(p) -> queue_callback(cleared, false); cleared = NONE
        :: else
        fi
    }
}

#endif

#if HAS_BARRIER
/* Every other CPU in the hypervisor must pass a quiescent state, and every callback run. */
byte barrier[ACTORS];         /* bit per vCPU that has yet to pass */
bool inside[ACTORS];          /* in the hypervisor */

inline enter_hypervisor() { inside[me] = true }
inline quiescent()
{
    d_step {
        if
        :: rcu[me] == 0 ->
            found = 0;
            do
            :: found < ACTORS -> barrier[found] = barrier[found] & ~(1 << me); found++
            :: else -> break
            od;
            found = NONE
        :: else
        fi
    }
}
inline leave_hypervisor() { atomic { quiescent(); inside[me] = false } }
inline rcu_barrier()
{
    d_step { barrier[me] = INSIDE & ~(1 << me) };
    (barrier[me] == 0 && !CALLBACKS_QUEUED)
}
#endif
