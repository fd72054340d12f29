/*
 * What Xen's lists, objects and locks do, as far as vPCI's locking goes.  Every d_step
 * is one indivisible step; between two of them anyone else may run.
 *
 * Pointers are numbers, NONE is NULL: pdev p belongs to device p / PDEV_LIVES, vpci v
 * to v / VPCI_LIVES.  Memory that was freed is never given out again, so that an old
 * pointer never fits a new object.
 */
#define NONE 255

/* ---------------------------------------------------------------- what is wrong */

byte verdict;
bool stop;     /* nothing sensible comes after it: every vCPU ends */

/* Going on is sensible. */
inline broken(kind) { verdict = kind; assert(verdict != kind); verdict = NOTHING_WRONG }

/* It is not. */
inline fatal(kind) { verdict = kind; assert(verdict != kind); stop = true }

/* --------------------------------------------------------------------- objects */

#define ALL_DEVICES    0 /* pseg->alldevs_list */
#define DOMAIN_DEVICES 1 /* d->pdev_list */
#define MSIX_TABLES    2 /* d->arch.hvm.msix_tables */
#define LISTS          3
#define DOM_XEN        DOMAINS       /* who owns hidden devices */
#define GROUPS         (DOMAINS + 1) /* whose lists there are: dom_xen's come last */
#define LISTS_OF_ALL   (LISTS * GROUPS)

typedef pdev_t {              /* struct pci_dev */
    bool alive;
    byte vpci = NONE;         /* pdev->vpci */
    byte refs;
    byte next[LISTS] = NONE;
    byte on[LISTS] = NONE     /* whose list it is on; NONE: its links are poisoned */
};
typedef vpci_t {              /* struct vpci */
    bool alive;
    bool incomplete;          /* its handlers are not there yet */
    byte parent;
    byte bar_readers;         /* bit per vCPU that is reading its BARs at this moment */
    byte bar_writers
};

pdev_t pdevs[PDEVS];
vpci_t vpcis[VPCIS];
byte owner[DEVICES];          /* pdev->domain of the device that is there */
byte pdev_last[DEVICES];      /* how often it was made anew */
byte vpci_last[DEVICES];
byte head[LISTS_OF_ALL] = NONE;
byte walkers[LISTS_OF_ALL];   /* bit per vCPU that walks the list outside of RCU */
byte rcu[ACTORS];             /* depth of read sections */

#define LIST(list, whose)     ((list) * GROUPS + (whose))
#define DEVICE_OF(p)          ((p) / PDEV_LIVES)
#define PDEV_OF(device)       ((device) * PDEV_LIVES + pdev_last[device])
#define VPCI_OF(device)       ((device) * VPCI_LIVES + vpci_last[device])
#define LISTED(device, list)  (pdevs[PDEV_OF(device)].on[list])

/* A pointer to a device is followed; kind is what that is when the device is gone. */
inline use_pdev(p, kind)
{
    d_step {
        if
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: else
        fi
    }
}

/* pdev->vpci is used: the one that was dereferenced, else the one that is there now. */
inline use_vpci(p, v, kind)
{
    d_step {
        if
        :: p == NONE -> skip
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive ->
            found = (v == NONE -> pdevs[p].vpci : v);
            if
            :: found == NONE -> broken(UNPUBLISHED_OBJECT)
            :: found != NONE && !vpcis[found].alive -> fatal(USE_AFTER_FREE)
            :: found != NONE && vpcis[found].alive && vpcis[found].incomplete && made != found ->
                broken(UNPUBLISHED_OBJECT)
            :: else
            fi;
            found = NONE
        fi
    }
}

/* v = pdev->vpci; missing when that is NULL. */
inline deref(p, v, kind)
{
    d_step {
        if
        :: p == NONE -> missing = true
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive ->
            missing = (pdevs[p].vpci == NONE);
            v = (missing -> v : pdevs[p].vpci)
        fi
    }
}

/* missing when pdev->vpci is no longer what was found before. */
inline recheck(p, v, kind)
{
    d_step {
        if
        :: p == NONE -> missing = true
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive ->
            missing = (pdevs[p].vpci == NONE || (v != NONE && v != pdevs[p].vpci));
            v = (missing -> v : pdevs[p].vpci)
        fi
    }
}

/* A walk by address has no pointer: whoever tests for vPCI finds the device anew. */
inline deref_by_address(p, v, list, whose)
{
    d_step {
        if
        :: LISTED(DEVICE_OF(p), list) != whose -> missing = true
        :: else ->
            p = PDEV_OF(DEVICE_OF(p));
            if
            :: !pdevs[p].alive -> fatal(USE_AFTER_FREE)
            :: else ->
                missing = (pdevs[p].vpci == NONE);
                v = (missing -> v : pdevs[p].vpci)
            fi
        fi
    }
}

/* BAR state is read or written for a while: two steps, begin and end. */
inline read_bars_begin(v)
{
    if
    :: v != NONE && !vpcis[v].alive -> fatal(USE_AFTER_FREE)
    :: v != NONE && vpcis[v].alive ->
        vpcis[v].bar_readers = vpcis[v].bar_readers | (1 << me);
        if
        :: (vpcis[v].bar_writers & ~(1 << me)) != 0 -> broken(BAR_RACE)
        :: else
        fi
    :: else
    fi
}
inline write_bars_begin(v)
{
    if
    :: v != NONE && !vpcis[v].alive -> fatal(USE_AFTER_FREE)
    :: v != NONE && vpcis[v].alive ->
        vpcis[v].bar_writers = vpcis[v].bar_writers | (1 << me);
        if
        :: ((vpcis[v].bar_readers | vpcis[v].bar_writers) & ~(1 << me)) != 0 -> broken(BAR_RACE)
        :: else
        fi
    :: else
    fi
}
inline read_bars_end(v)
{
    d_step {
        if
        :: v != NONE && !vpcis[v].alive -> fatal(USE_AFTER_FREE)
        :: v != NONE && vpcis[v].alive -> vpcis[v].bar_readers = vpcis[v].bar_readers & ~(1 << me)
        :: else
        fi
    }
}
inline write_bars_end(v)
{
    d_step {
        if
        :: v != NONE && !vpcis[v].alive -> fatal(USE_AFTER_FREE)
        :: v != NONE && vpcis[v].alive -> vpcis[v].bar_writers = vpcis[v].bar_writers & ~(1 << me)
        :: else
        fi
    }
}

/* ----------------------------------------------------------------------- lists */

/* A list changes while another vCPU walks it with nothing but luck. */
inline list_changes(list, whose)
{
    if
    :: (walkers[LIST(list, whose)] & ~(1 << me)) != 0 -> broken(LIST_RACE)
    :: else
    fi
}

/* list_add: in front.  A device without MSI-X has no table to link. */
inline link(p, list, whose, kind)
{
    d_step {
        if
        :: p == NONE -> skip
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive ->
            if
            :: pdevs[p].on[list] == NONE && (list != MSIX_TABLES || HAS_MSIX(DEVICE_OF(p))) ->
                pdevs[p].next[list] = head[LIST(list, whose)];
                pdevs[p].on[list] = whose;
                head[LIST(list, whose)] = p;
                list_changes(list, whose)
            :: else
            fi
        fi
    }
}

/* list_del: from whichever list it is on.  Its next stays, for readers under RCU. */
inline unlink(p, list, kind)
{
    d_step {
        if
        :: p == NONE -> skip
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive ->
            if
            :: pdevs[p].on[list] != NONE ->
                whose_list = pdevs[p].on[list];
                if
                :: head[LIST(list, whose_list)] == p ->
                    head[LIST(list, whose_list)] = pdevs[p].next[list]
                :: else ->
                    found = head[LIST(list, whose_list)];
                    do
                    :: found == NONE || pdevs[found].next[list] == p -> break
                    :: else -> found = pdevs[found].next[list]
                    od;
                    if
                    :: found != NONE -> pdevs[found].next[list] = pdevs[p].next[list]
                    :: else
                    fi;
                    found = NONE
                fi;
                pdevs[p].on[list] = NONE;
                list_changes(list, whose_list);
                whose_list = 0
            :: else
            fi
        fi
    }
}

/* A walker reads the node that it stands on: it must be alive and, but under RCU, listed. */
#define NODE_IS_GONE(at, list) (!pdevs[at].alive || (pdevs[at].on[list] == NONE && rcu[me] == 0))

/* Who has read NULL walks no more: it reads nothing else of the list. */
inline walk_end(list, whose)
{
    walkers[LIST(list, whose)] = walkers[LIST(list, whose)] & ~(1 << me)
}
inline walk_begin(at, list, whose)
{
    d_step {
        at = head[LIST(list, whose)];
        if
        :: at != NONE && rcu[me] == 0 ->
            walkers[LIST(list, whose)] = walkers[LIST(list, whose)] | (1 << me)
        :: else
        fi
    }
}
inline step_on(at, list, whose)
{
    at = pdevs[at].next[list];
    if
    :: at == NONE -> walk_end(list, whose)
    :: else
    fi
}
inline walk_on(at, list, whose)
{
    d_step {
        if
        :: NODE_IS_GONE(at, list) -> fatal(USE_AFTER_FREE)
        :: else -> step_on(at, list, whose)
        fi
    }
}

/* Node by node, to the device that is wanted; pdev, or missing. */
inline lookup(list, whose, device, wanted)
{
    walk_begin(cursor, list, whose);
    do
    :: atomic { cursor == NONE -> missing = true }; break
    :: atomic { cursor != NONE && NODE_IS_GONE(cursor, list) -> fatal(USE_AFTER_FREE) }
    :: atomic {
           cursor != NONE && !NODE_IS_GONE(cursor, list) &&
           !(DEVICE_OF(cursor) == device && (wanted)) ->
           step_on(cursor, list, whose)
       }
    :: atomic {
           cursor != NONE && !NODE_IS_GONE(cursor, list) &&
           (DEVICE_OF(cursor) == device && (wanted)) ->
           pdev = cursor; cursor = NONE; missing = false; walk_end(list, whose)
       }; break
    od
}

/* The next device on a list from an address on; NONE: there is none. */
inline walk_by_address(at, from, list, whose, wanted)
{
    d_step {
        found = from;
        do
        :: found >= DEVICES -> break
        :: found < DEVICES && LISTED(found, list) == whose && (wanted) -> break
        :: else -> found++
        od;
        at = (found < DEVICES -> PDEV_OF(found) : NONE);
        found = NONE
    }
}

/* ---------------------------------------------------- what makes and frees objects */

/* missing: it is listed already, and alloc_pdev finds it. */
inline allocate_pdev(p, device)
{
    d_step {
        missing = (LISTED(device, ALL_DEVICES) != NONE);
        if
        :: missing -> skip
        :: !missing && pdev_last[device] + 1 >= PDEV_LIVES -> fatal(OUT_OF_BOUNDS)
        :: else ->
            pdev_last[device]++;
            p = PDEV_OF(device);
            pdevs[p].alive = true;
            pdevs[p].refs = 1
        fi
    }
}
inline allocate_vpci(p, v, device, not_yet_complete)
{
    d_step {
        if
        :: vpci_last[device] + 1 >= VPCI_LIVES -> fatal(OUT_OF_BOUNDS)
        :: else ->
            vpci_last[device]++;
            v = VPCI_OF(device);
            vpcis[v].alive = true;
            vpcis[v].incomplete = not_yet_complete;
            vpcis[v].parent = p;
            made = v
        fi
    }
}
inline complete_vpci()
{
    d_step {
        if
        :: made != NONE -> vpcis[made].incomplete = false
        :: else
        fi
    }
}
inline publish_vpci(p, kind)
{
    d_step {
        if
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive -> pdevs[p].vpci = made
        :: else
        fi
    }
}
inline clear_vpci(p, kind)
{
    d_step {
        if
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive && pdevs[p].vpci != NONE ->
            cleared = (vpcis[pdevs[p].vpci].alive -> pdevs[p].vpci : cleared);
            pdevs[p].vpci = NONE
        :: else
        fi
    }
}

/* Memory goes back; whoever spins on a lock in it spins on garbage. */
inline release_vpci(v)
{
    if
    :: !vpcis[v].alive -> fatal(DOUBLE_FREE)
    :: vpcis[v].alive ->
        vpcis[v].alive = false;
        vpcis[v].incomplete = false;
        if
        :: SPUN_ON_IN_VPCI(v) -> fatal(USE_AFTER_FREE)
        :: else
        fi
    fi
}
inline release_pdev(p)
{
    if
    :: !pdevs[p].alive -> fatal(DOUBLE_FREE)
    :: pdevs[p].alive ->
        pdevs[p].alive = false;
        PDEV_IS_GONE(p);
        if
        :: SPUN_ON_IN_PDEV(p) -> fatal(USE_AFTER_FREE)
        :: else
        fi
    fi
}

inline free_pdev(p)
{
    d_step {
        if
        :: p != NONE -> release_pdev(p)
        :: else
        fi
    }
}

/* The vpci that this vCPU took off the device, if it has one. */
#define CLEARED_FROM(p) (cleared != NONE && cleared / VPCI_LIVES == DEVICE_OF(p))

inline free_vpci(p, kind)
{
    d_step {
        if
        :: p == NONE -> skip
        :: p != NONE && CLEARED_FROM(p) ->
            found = cleared;
            cleared = NONE;
            release_vpci(found);
            found = NONE
        :: p != NONE && !CLEARED_FROM(p) && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && !CLEARED_FROM(p) && pdevs[p].alive ->
            found = pdevs[p].vpci;
            if
            :: found != NONE -> release_vpci(found)
            :: else
            fi;
            found = NONE
        fi
    }
}

/* ------------------------------------------------------------------- references */

inline get_reference(p, ref, kind)
{
    d_step {
        if
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive -> pdevs[p].refs++; ref = p
        :: else -> ref = NONE
        fi
    }
}

/* The last one gives the device back, and with it its vPCI state. */
inline put_reference(p, kind, frees_pdev)
{
    d_step {
        if
        :: p == NONE -> skip
        :: p != NONE && !pdevs[p].alive -> fatal(kind)
        :: p != NONE && pdevs[p].alive && pdevs[p].refs == 0 -> skip
        :: p != NONE && pdevs[p].alive && pdevs[p].refs > 1 -> pdevs[p].refs--
        :: p != NONE && pdevs[p].alive && pdevs[p].refs == 1 ->
            pdevs[p].refs = 0;
            found = 0;
            do
            :: found >= VPCIS -> break
            :: found < VPCIS && vpcis[found].alive && vpcis[found].parent == p ->
                release_vpci(found); found++
            :: else -> found++
            od;
            found = NONE;
            if
            :: frees_pdev -> release_pdev(p)
            :: else
            fi
        fi
    }
}
