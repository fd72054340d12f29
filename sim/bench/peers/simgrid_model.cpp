/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference workload in SimGrid's S4U: a vCPU is an actor, work is a sleep,
 * the device's lock is a Mutex (FIFO), the reader/writer lock a queue of
 * semaphores.  One second of SimGrid is our nanosecond.
 *
 * Readers that are let in together ask for their devices at one instant.  Our
 * tie rule, (time, vCPU), is kept there: each looks at the lock when the one
 * before it got in, and whoever of those that may go on has the lowest index does.
 *
 *   simgrid-model global|domain FILE
 */
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

struct call {
    unsigned device;
    bool write;
    double time, work;
};

/* FIFO and fair: readers that stand together go together. */
class rwlock {
    struct waiter {
        unsigned self;
        bool write;
        sg4::SemaphorePtr granted;
    };
    bool owned = false;
    unsigned readers = 0;
    std::deque<waiter> queue;

    static void let_go(std::map<unsigned, sg4::SemaphorePtr> &in)
    {
        in.begin()->second->release();
        in.erase(in.begin());
    }
    bool admits(bool write) const { return !owned && !(write && readers > 0); }
    void take(bool write)
    {
        if (write)
            owned = true;
        else
            readers++;
    }

public:
    void lock(unsigned self, bool write)
    {
        if (queue.empty() && admits(write)) {
            take(write);
            return;
        }
        auto granted = sg4::Semaphore::create(0);
        queue.push_back({self, write, granted});
        granted->acquire();
    }
    void unlock(bool write)
    {
        if (write)
            owned = false;
        else
            readers--;
        std::map<unsigned, sg4::SemaphorePtr> in; /* got in, not yet on their way */
        while (!queue.empty() && admits(queue.front().write)) {
            while (!in.empty() && in.begin()->first < queue.front().self)
                let_go(in);
            in[queue.front().self] = queue.front().granted;
            take(queue.front().write);
            queue.pop_front();
        }
        while (!in.empty())
            let_go(in);
    }
};

struct model {
    std::vector<std::vector<call>> calls;
    std::vector<unsigned> domain;
    std::vector<rwlock> outer;
    std::vector<sg4::MutexPtr> devices;
    bool per_domain = false;
    size_t accesses = 0;
    double wait = 0, makespan = 0;
};

static void vcpu(model *all, unsigned self)
{
    rwlock &outer = all->outer[all->per_domain ? all->domain[self] : 0];
    for (const call &next : all->calls[self]) {
        double now = sg4::Engine::get_clock();
        sg4::this_actor::sleep_until((next.time > now ? next.time : now) + 1);
        double asked = sg4::Engine::get_clock();
        outer.lock(self, next.write);
        all->devices[next.device]->lock();
        all->wait += sg4::Engine::get_clock() - asked;
        sg4::this_actor::sleep_for(next.work);
        all->devices[next.device]->unlock();
        outer.unlock(next.write);
    }
    if (sg4::Engine::get_clock() > all->makespan)
        all->makespan = sg4::Engine::get_clock();
}

static bool read_workload(model &all, const char *path)
{
    unsigned vcpus, domains, devices, actor, domain, device;
    int write;
    double time, work;
    FILE *in = fopen(path, "r");
    if (!in || fscanf(in, "%u %u %u %zu", &vcpus, &domains, &devices, &all.accesses) != 4)
        return false;
    all.calls.resize(vcpus);
    all.domain.resize(vcpus);
    all.outer.resize(all.per_domain ? domains : 1);
    while (fscanf(in, "%u %u %u %d %lf %lf", &actor, &domain, &device, &write, &time, &work) == 6) {
        all.calls.at(actor).push_back({device, write != 0, time, work});
        all.domain[actor] = domain;
    }
    fclose(in);
    for (unsigned i = 0; i < devices; i++)
        all.devices.push_back(sg4::Mutex::create());
    return true;
}

int main(int argc, char **argv)
{
    sg4::Engine engine(&argc, argv);
    model all;
    if (argc != 3) {
        fprintf(stderr, "usage: %s global|domain FILE\n", argv[0]);
        return 2;
    }
    all.per_domain = strcmp(argv[1], "domain") == 0;
    if (!read_workload(all, argv[2])) {
        fprintf(stderr, "%s: cannot read %s\n", argv[0], argv[2]);
        return 3;
    }
    auto *zone = sg4::create_full_zone("host");
    for (unsigned i = 0; i < all.calls.size(); i++) {
        auto *host = zone->create_host("cpu" + std::to_string(i), 1.0);
        sg4::Actor::create("vcpu" + std::to_string(i), host, vcpu, &all, i);
    }
    zone->seal();
    clock_t begin = clock();
    engine.run();
    double taken = static_cast<double>(clock() - begin) / CLOCKS_PER_SEC;
    printf("{\"makespan\": %.0f, \"wait\": %.0f, \"ns_per_access\": %.1f}\n", all.makespan, all.wait,
           taken * 1e9 / static_cast<double>(all.accesses));
    return 0;
}
