
/* The softirq in which a callback runs. */
proctype rcu_callback(byte number)
{
    byte pointer;
end:
    do
    :: d_step {
           !stop && callbacks[number].queued && callbacks[number].readers == 0 ->
           callbacks[number].queued = false;
           pointer = callbacks[number].pointer;
           callbacks[number].pointer = NONE;
           if
           :: callbacks[number].is_pdev -> release_pdev(pointer)
           :: else -> release_vpci(pointer)
           fi;
           pointer = 0
       }
    od
}
