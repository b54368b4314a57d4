<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
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
    <name>WalletPage</name>
    <message numerus="yes">
        <source>%Ln delivered job(s)</source>
        <translation>
            <numerusform>%Ln delivered job</numerusform>
            <numerusform>%Ln delivered jobs</numerusform>
        </translation>
    </message>
</context>
</TS>
