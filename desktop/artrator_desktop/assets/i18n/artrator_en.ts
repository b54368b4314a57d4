<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>BuyPassSheet</name>
    <message numerus="yes">
        <source>{price} now, for %Ln day(s).</source>
        <translation>
            <numerusform>{price} now, for %Ln day.</numerusform>
            <numerusform>{price} now, for %Ln days.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DamageNotices</name>
    <message numerus="yes">
        <source>Artrator’s database was damaged. Saved from it: %Ln picture(s) of the gallery; orders on their way: {orders}. Look into the wallet for other runs: what is held comes back by itself, and a run without a picture can be disputed. The damaged file is kept as {name}.</source>
        <translation>
            <numerusform>Artrator’s database was damaged. Saved from it: %Ln picture of the gallery; orders on their way: {orders}. Look into the wallet for other runs: what is held comes back by itself, and a run without a picture can be disputed. The damaged file is kept as {name}.</numerusform>
            <numerusform>Artrator’s database was damaged. Saved from it: %Ln pictures of the gallery; orders on their way: {orders}. Look into the wallet for other runs: what is held comes back by itself, and a run without a picture can be disputed. The damaged file is kept as {name}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln order(s) on their way are damaged on this computer and cannot be fetched. Look into the wallet: what is held comes back by itself, and a run without a picture can be disputed there.</source>
        <translation>
            <numerusform>An order on its way is damaged on this computer and cannot be fetched. Look into the wallet: what is held comes back by itself, and a run without a picture can be disputed there.</numerusform>
            <numerusform>%Ln orders on their way are damaged on this computer and cannot be fetched. Look into the wallet: what is held comes back by itself, and a run without a picture can be disputed there.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DiscoverPage</name>
    <message numerus="yes">
        <source>%Ln model(s)</source>
        <translation>
            <numerusform>%Ln model</numerusform>
            <numerusform>%Ln models</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln node(s) online</source>
        <translation>
            <numerusform>%Ln node online</numerusform>
            <numerusform>%Ln nodes online</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s)</source>
        <translation>
            <numerusform>%Ln result</numerusform>
            <numerusform>%Ln results</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln model(s) match “{words}”.</source>
        <translation>
            <numerusform>%Ln model matches “{words}”.</numerusform>
            <numerusform>%Ln models match “{words}”.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Trying again in %Ln second(s).</source>
        <translation>
            <numerusform>Trying again in %Ln second.</numerusform>
            <numerusform>Trying again in %Ln seconds.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>EarningsChart</name>
    <message numerus="yes">
        <source>%Ln day(s)</source>
        <translation>
            <numerusform>%Ln day</numerusform>
            <numerusform>%Ln days</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NodePage</name>
    <message numerus="yes">
        <source>%Ln model(s)</source>
        <translation>
            <numerusform>%Ln model</numerusform>
            <numerusform>%Ln models</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln receipt(s) waiting for the registry</source>
        <translation>
            <numerusform>%Ln receipt waiting for the registry</numerusform>
            <numerusform>%Ln receipts waiting for the registry</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln delivered</source>
        <translation>
            <numerusform>%Ln delivered</numerusform>
            <numerusform>%Ln delivered</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PlanCard</name>
    <message numerus="yes">
        <source>{amount} for %Ln day(s)</source>
        <translation>
            <numerusform>{amount} for %Ln day</numerusform>
            <numerusform>{amount} for %Ln days</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %Ln run(s) of this model</source>
        <translation>
            <numerusform>about %Ln run of this model</numerusform>
            <numerusform>about %Ln runs of this model</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message numerus="yes">
        <source>%Ln job(s) waited here when Artrator ended. Nothing was held for them.</source>
        <translation>
            <numerusform>%Ln job waited here when Artrator ended. Nothing was held for it.</numerusform>
            <numerusform>%Ln jobs waited here when Artrator ended. Nothing was held for them.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %Ln more</source>
        <translation>
            <numerusform>and %Ln more</numerusform>
            <numerusform>and %Ln more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RunBar</name>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln frame</numerusform>
            <numerusform>%Ln frames</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Run %Ln frame(s)</source>
        <translation>
            <numerusform>Run %Ln frame</numerusform>
            <numerusform>Run %Ln frames</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SlotCard</name>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln frame</numerusform>
            <numerusform>%Ln frames</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>TermsPanel</name>
    <message numerus="yes">
        <source>%Ln run(s)</source>
        <translation>
            <numerusform>%Ln run</numerusform>
            <numerusform>%Ln runs</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UndoNotices</name>
    <message numerus="yes">
        <source>%Ln picture(s) deleted, with their receipts.</source>
        <translation>
            <numerusform>%Ln picture deleted, with its receipt.</numerusform>
            <numerusform>%Ln pictures deleted, with their receipts.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting job(s) forgotten.</source>
        <translation>
            <numerusform>%Ln waiting job forgotten.</numerusform>
            <numerusform>%Ln waiting jobs forgotten.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln picture(s) could not be deleted; let Artrator write in their folder and delete again.</source>
        <translation>
            <numerusform>%Ln picture could not be deleted; let Artrator write in its folder and delete again.</numerusform>
            <numerusform>%Ln pictures could not be deleted; let Artrator write in their folder and delete again.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WalletPage</name>
    <message numerus="yes">
        <source>%Ln running job(s)</source>
        <translation>
            <numerusform>%Ln running job</numerusform>
            <numerusform>%Ln running jobs</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln picture(s)</source>
        <translation>
            <numerusform>%Ln picture</numerusform>
            <numerusform>%Ln pictures</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Lasts about %Ln day(s) at your pace</source>
        <translation>
            <numerusform>Lasts about %Ln day at your pace</numerusform>
            <numerusform>Lasts about %Ln days at your pace</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Lasts about %Ln week(s) at your pace</source>
        <translation>
            <numerusform>Lasts about %Ln week at your pace</numerusform>
            <numerusform>Lasts about %Ln weeks at your pace</numerusform>
        </translation>
    </message>
</context>
</TS>
