<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ko">
<context>
    <name>Advice</name>
    <message>
        <source>This machine’s clock is {seconds} seconds ahead of the registry’s: set it right.</source>
        <translation>이 컴퓨터의 시계가 레지스트리보다 {seconds}초 빠릅니다. 시계를 맞춰 주세요.</translation>
    </message>
    <message>
        <source>This machine’s clock is {seconds} seconds behind the registry’s: set it right.</source>
        <translation>이 컴퓨터의 시계가 레지스트리보다 {seconds}초 느립니다. 시계를 맞춰 주세요.</translation>
    </message>
    <message>
        <source>{package} was to run on {wanted} but runs on {runtime}: check the GPU’s driver.</source>
        <translation>{package}: {wanted}에서 실행해야 하지만 지금은 {runtime}에서 실행됩니다. GPU 드라이버를 확인해 주세요.</translation>
    </message>
    <message>
        <source>{package}: {words}</source>
        <translation>{package}: {words}</translation>
    </message>
    <message>
        <source>The package {package} is pinned but not served: look at “pin” in node.toml.</source>
        <translation>메모리에 고정한 패키지 {package}: 이 노드가 제공하는 패키지가 아닙니다. node.toml의 ‘pin’을 확인해 주세요.</translation>
    </message>
    <message>
        <source>The registry: {words}</source>
        <translation>레지스트리: {words}</translation>
    </message>
    <message>
        <source>{words}</source>
        <translation>{words}</translation>
    </message>
    <message>
        <source>{setting} is set, but no sensor of this machine tells what it limits.</source>
        <translation>{setting}: 설정되어 있지만 이 컴퓨터에는 그 값을 알려 주는 센서가 없습니다.</translation>
    </message>
    <message>
        <source>A worker is not fully confined ({message}).</source>
        <translation>작업 프로세스가 완전히 격리되지 않았습니다 ({message}).</translation>
    </message>
    <message>
        <source>The owner switched confinement off: a worker can do whatever the node can.</source>
        <translation>소유자가 격리를 껐습니다. 작업 프로세스는 노드가 할 수 있는 일을 모두 할 수 있습니다.</translation>
    </message>
    <message>
        <source>A worker is not fully confined ({reason}).</source>
        <translation>작업 프로세스가 완전히 격리되지 않았습니다 ({reason}).</translation>
    </message>
    <message>
        <source>Whether workers are confined on this machine could not be tried ({reason}).</source>
        <translation>이 컴퓨터에서 작업 프로세스가 격리되는지 시험하지 못했습니다 ({reason}).</translation>
    </message>
    <message>
        <source>Workers cannot be kept to their processors here.</source>
        <translation>이 시스템에서는 작업 프로세스를 정해진 프로세서에 묶어 둘 수 없습니다.</translation>
    </message>
    <message>
        <source>This kernel has no Landlock: a worker can read every file that you can read.</source>
        <translation>이 커널에는 Landlock이 없습니다. 작업 프로세스는 내가 읽을 수 있는 모든 파일을 읽을 수 있습니다.</translation>
    </message>
    <message>
        <source>A resource limit of a worker could not be set ({reason}).</source>
        <translation>작업 프로세스의 자원 한도를 정하지 못했습니다 ({reason}).</translation>
    </message>
    <message>
        <source>{system}: memory and threads of a worker are not limited here.</source>
        <translation>{system}: 작업 프로세스의 메모리와 스레드를 제한하지 못합니다.</translation>
    </message>
    <message>
        <source>The memory of a worker on a GPU is watched, not limited: drivers map more than they use.</source>
        <translation>GPU를 쓰는 작업 프로세스의 메모리는 지켜보기만 하고 제한하지는 않습니다. 드라이버가 실제로 쓰는 것보다 많이 잡기 때문입니다.</translation>
    </message>
    <message>
        <source>{system}: files, network and system calls of a worker are not confined here.</source>
        <translation>{system}: 작업 프로세스의 파일, 네트워크, 시스템 호출을 격리하지 못합니다.</translation>
    </message>
    <message>
        <source>System calls of a worker are not restricted on this machine.</source>
        <translation>이 컴퓨터에서는 작업 프로세스의 시스템 호출을 제한하지 못합니다.</translation>
    </message>
</context>
<context>
    <name>AllowanceBar</name>
    <message>
        <source>{left} of {all} left</source>
        <translation>{all} 중 {left} 남음</translation>
    </message>
    <message>
        <source>{amount} on their way</source>
        <translation>{amount} 진행 중</translation>
    </message>
</context>
<context>
    <name>AnswerSheet</name>
    <message>
        <source>A buyer objects</source>
        <translation>구매자가 이의를 제기했습니다</translation>
    </message>
    <message>
        <source>Your answer</source>
        <translation>답변</translation>
    </message>
    <message>
        <source>What you know about this delivery</source>
        <translation>이 결과물에 대해 아는 것</translation>
    </message>
    <message>
        <source>Give the money back</source>
        <translation>돈 돌려주기</translation>
    </message>
    <message>
        <source>{amount} return to the buyer, and the dispute is over.</source>
        <translation>{amount}이 구매자에게 돌아가고 분쟁이 끝납니다.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>Give back</source>
        <translation>돌려주기</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>답변하기</translation>
    </message>
    <message>
        <source>Say something, or give the money back.</source>
        <translation>답변을 쓰거나 돈을 돌려주세요.</translation>
    </message>
</context>
<context>
    <name>BatchStrip</name>
    <message>
        <source>fetching</source>
        <extracomment>A press may start hundreds of runs, and a tile is a widget; the gallery shows all of them.</extracomment>
        <translation>받는 중</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>실패</translation>
    </message>
    <message>
        <source>cancelled</source>
        <translation>취소됨</translation>
    </message>
    <message>
        <source>queued</source>
        <translation>대기 중</translation>
    </message>
</context>
<context>
    <name>BuyLicenceSheet</name>
    <message>
        <source>{creator} · version {version}</source>
        <translation>{creator} · 버전 {version}</translation>
    </message>
    <message>
        <source>Keep {title}</source>
        <translation>{title} 소장하기</translation>
    </message>
    <message>
        <source>Terms: {licence}, {use}.</source>
        <translation>조건: {licence}, {use}.</translation>
    </message>
    <message>
        <source>commercial use allowed</source>
        <translation>상업적 이용 가능</translation>
    </message>
    <message>
        <source>not for commercial use</source>
        <translation>상업적 이용 불가</translation>
    </message>
    <message>
        <source>The price is held now and paid when the whole package has arrived and was checked.</source>
        <translation>값은 지금 보관되고, 패키지 전체가 도착해 확인되면 지불됩니다.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Top up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>Buy · {amount}</source>
        <translation>구매 · {amount}</translation>
    </message>
    <message>
        <source>You have {amount}.</source>
        <translation>잔액은 {amount}입니다.</translation>
    </message>
</context>
<context>
    <name>BuyPassSheet</name>
    <message>
        <source>Buy {title}</source>
        <translation>{title} 구매</translation>
    </message>
    <message numerus="yes">
        <source>{price} now, for %Ln day(s).</source>
        <translation>
            <numerusform>지금 {price}, %Ln일 동안.</numerusform>
        </translation>
    </message>
    <message>
        <source>Runs worth {amount} at list prices; beyond that you pay by the run.</source>
        <translation>정가로 {amount}어치 실행할 수 있고, 그 뒤로는 실행할 때마다 냅니다.</translation>
    </message>
    <message>
        <source>Covers {what}.</source>
        <translation>적용 대상: {what}.</translation>
    </message>
    <message>
        <source>How to pay</source>
        <translation>결제 방법</translation>
    </message>
    <message>
        <source>From your wallet</source>
        <translation>지갑에서</translation>
    </message>
    <message>
        <source>A subscription, paid outside.</source>
        <translation>외부에서 결제하는 구독입니다.</translation>
    </message>
    <message>
        <source>Renew by itself</source>
        <translation>자동 갱신</translation>
    </message>
    <message>
        <source>For the same price, from your wallet. You can stop it at any time.</source>
        <translation>같은 값으로 지갑에서 나갑니다. 언제든 멈출 수 있습니다.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Top up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>Buy · {amount}</source>
        <translation>구매 · {amount}</translation>
    </message>
    <message>
        <source>Continue to payment</source>
        <translation>결제로 이동</translation>
    </message>
    <message>
        <source>You have {amount}.</source>
        <translation>잔액은 {amount}입니다.</translation>
    </message>
</context>
<context>
    <name>CompareDialog</name>
    <message>
        <source>Compare</source>
        <translation>비교</translation>
    </message>
    <message>
        <source>Before and after</source>
        <translation>전과 후</translation>
    </message>
</context>
<context>
    <name>Comparison</name>
    <message>
        <source>Compare</source>
        <translation>비교</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Save film…</source>
        <translation>영상 저장…</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>진행</translation>
    </message>
    <message>
        <source>Target and result</source>
        <translation>대상과 결과</translation>
    </message>
    <message>
        <source>Frame</source>
        <translation>프레임</translation>
    </message>
    <message>
        <source>Frame {number} of {count}</source>
        <extracomment>The result in view, and the one that is still read while the one before stays.</extracomment>
        <translation>{count}프레임 중 {number}번째</translation>
    </message>
    <message>
        <source>Target</source>
        <translation>대상</translation>
    </message>
    <message>
        <source>Not a keyframe</source>
        <translation>키프레임 해제</translation>
    </message>
    <message>
        <source>Keyframe here</source>
        <translation>여기를 키프레임으로</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>결과</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>미리보기</translation>
    </message>
</context>
<context>
    <name>ConfirmSheet</name>
    <message>
        <source>Keep</source>
        <extracomment>Taller content scrolls: a small laptop shows this much.</extracomment>
        <translation>그대로 두기</translation>
    </message>
</context>
<context>
    <name>CreatePage</name>
    <message>
        <source>Undo</source>
        <extracomment>The form&apos;s width, and where the page is narrow. A page below this is narrow: the work in the middle would be squeezed between form and queue.</extracomment>
        <translation>되돌리기</translation>
    </message>
    <message>
        <source>Something is missing: look at the red lines.</source>
        <translation>빠진 것이 있습니다. 빨간 줄을 보세요.</translation>
    </message>
    <message>
        <source>This model could not be opened</source>
        <translation>이 모델을 열 수 없습니다</translation>
    </message>
    <message>
        <source>Choose a model to begin</source>
        <translation>모델을 골라 시작하세요</translation>
    </message>
    <message>
        <source>Every model brings its own form: words, pictures, sizes. You see the price first.</source>
        <translation>모델마다 입력 양식이 다릅니다. 글, 그림, 크기를 넣으면 가격을 먼저 보여 줍니다.</translation>
    </message>
    <message>
        <source>Retry now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>Discover models</source>
        <translation>모델 둘러보기</translation>
    </message>
    <message>
        <source>The picture is in the form: look at the price and press Generate.</source>
        <translation>그림을 양식에 넣었습니다. 가격을 보고 만들기를 누르세요.</translation>
    </message>
    <message>
        <source>Settings taken from {name}</source>
        <translation>{name}의 설정을 가져왔습니다</translation>
    </message>
    <message>
        <source>Settings taken over</source>
        <translation>설정을 가져왔습니다</translation>
    </message>
    <message>
        <source>There are no Artrator settings inside {name}.</source>
        <translation>{name}에는 Artrator 설정이 없습니다.</translation>
    </message>
</context>
<context>
    <name>DamageNotices</name>
    <message numerus="yes">
        <source>Artrator’s database was damaged. Saved from it: %Ln picture(s) of the gallery; orders on their way: {orders}. Look into the wallet for other runs: what is held comes back by itself, and a run without a picture can be disputed. The damaged file is kept as {name}.</source>
        <translation>
            <numerusform>Artrator 데이터베이스가 손상되어 있었습니다. 되살린 것: 갤러리 그림 %Ln장, 진행 중이던 주문 {orders}건. 그 밖의 실행은 지갑에서 확인하세요. 보류된 금액은 저절로 돌아오고, 그림을 받지 못한 실행은 이의를 제기할 수 있습니다. 보관된 손상 파일: {name}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln order(s) on their way are damaged on this computer and cannot be fetched. Look into the wallet: what is held comes back by itself, and a run without a picture can be disputed there.</source>
        <translation>
            <numerusform>진행 중이던 주문 %Ln건이 이 컴퓨터에서 손상되어 받아 올 수 없습니다. 지갑에서 확인하세요. 보류된 금액은 저절로 돌아오고, 그림을 받지 못한 실행은 이의를 제기할 수 있습니다.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DetailsPane</name>
    <message>
        <source>Favourite</source>
        <translation>즐겨찾기</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>프롬프트</translation>
    </message>
    <message>
        <source>Copy prompt</source>
        <translation>프롬프트 복사</translation>
    </message>
    <message>
        <source>Make more like this</source>
        <translation>비슷하게 더 만들기</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>비교</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Creator</source>
        <translation>작가</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>크기</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>노드</translation>
    </message>
    <message>
        <source>this computer</source>
        <translation>이 컴퓨터</translation>
    </message>
    <message>
        <source>Took</source>
        <translation>걸린 시간</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>없음</translation>
    </message>
    <message>
        <source>{amount} for {count} pictures</source>
        <translation>그림 {count}장에 {amount}</translation>
    </message>
    <message>
        <source>Paid</source>
        <translation>결제</translation>
    </message>
    <message>
        <source>Made</source>
        <translation>만든 때</translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation>복사했습니다.</translation>
    </message>
</context>
<context>
    <name>DiscoverPage</name>
    <message>
        <source>Discover</source>
        <translation>둘러보기</translation>
    </message>
    <message>
        <source>Search models</source>
        <translation>모델 검색</translation>
    </message>
    <message>
        <source>Search models, styles or creators</source>
        <translation>모델, 화풍, 작가 검색</translation>
    </message>
    <message>
        <source>Order of the models</source>
        <translation>모델 정렬</translation>
    </message>
    <message>
        <source>Best match</source>
        <translation>관련도순</translation>
    </message>
    <message>
        <source>Most used</source>
        <translation>많이 쓰인 순</translation>
    </message>
    <message>
        <source>Newest first</source>
        <translation>최신순</translation>
    </message>
    <message>
        <source>Lowest price</source>
        <translation>낮은 가격순</translation>
    </message>
    <message>
        <source>Kind of model</source>
        <translation>모델 종류</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>All</source>
        <translation>전체</translation>
    </message>
    <message>
        <source>Models by independent creators, on their own machines</source>
        <translation>작가가 직접 자기 컴퓨터에서 운영하는 모델</translation>
    </message>
    <message numerus="yes">
        <source>%Ln model(s)</source>
        <translation>
            <numerusform>모델 %Ln개</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln node(s) online</source>
        <translation>
            <numerusform>노드 %Ln대 온라인</numerusform>
        </translation>
    </message>
    <message>
        <source>All models</source>
        <translation>모든 모델</translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s)</source>
        <translation>
            <numerusform>검색 결과 %Ln개</numerusform>
        </translation>
    </message>
    <message>
        <source>No models here yet</source>
        <translation>아직 모델이 없습니다</translation>
    </message>
    <message>
        <source>As soon as a creator publishes a model in this registry, it appears here.</source>
        <translation>작가가 이 레지스트리에 모델을 올리면 바로 여기에 나타납니다.</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>다시 보기</translation>
    </message>
    <message>
        <source>Try fewer words, or clear the search and the kind of model.</source>
        <translation>낱말을 줄이거나 검색어와 모델 종류를 지워 보세요.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln model(s) match “{words}”.</source>
        <translation>
            <numerusform>‘{words}’에 맞는 모델이 %Ln개 있습니다.</numerusform>
        </translation>
    </message>
    <message>
        <source>Search “{words}”</source>
        <translation>‘{words}’ 검색</translation>
    </message>
    <message>
        <source>No model matches “{query}”</source>
        <translation>‘{query}’에 맞는 모델이 없습니다</translation>
    </message>
    <message>
        <source>Clear search</source>
        <translation>검색 지우기</translation>
    </message>
    <message>
        <source>Can’t reach the registry</source>
        <translation>레지스트리에 연결할 수 없습니다</translation>
    </message>
    <message>
        <source>The search failed</source>
        <translation>검색하지 못했습니다</translation>
    </message>
    <message>
        <source>Your gallery and what you have made still work.</source>
        <translation>갤러리와 이미 만든 그림은 그대로 볼 수 있습니다.</translation>
    </message>
    <message numerus="yes">
        <source>Trying again in %Ln second(s).</source>
        <translation>
            <numerusform>%Ln초 뒤에 다시 시도합니다.</numerusform>
        </translation>
    </message>
    <message>
        <source>Retry now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>Network settings</source>
        <translation>네트워크 설정</translation>
    </message>
</context>
<context>
    <name>Dispute</name>
    <message>
        <source>Reason</source>
        <translation>이유</translation>
    </message>
    <message>
        <source>In question</source>
        <translation>다투는 금액</translation>
    </message>
    <message>
        <source>Opened</source>
        <translation>제기한 날</translation>
    </message>
    <message>
        <source>shown, and it is what was bought</source>
        <translation>공개됨, 구매한 것과 일치합니다</translation>
    </message>
    <message>
        <source>shown, but it does not fit</source>
        <translation>공개됨, 하지만 일치하지 않습니다</translation>
    </message>
    <message>
        <source>Request</source>
        <translation>요청</translation>
    </message>
    <message>
        <source>The buyer said</source>
        <translation>구매자의 말</translation>
    </message>
    <message>
        <source>The request</source>
        <translation>요청 내용</translation>
    </message>
    <message>
        <source>The creator answered</source>
        <translation>작가의 답변</translation>
    </message>
    <message>
        <source>The operator noted</source>
        <translation>운영자의 메모</translation>
    </message>
    <message>
        <source>Not what was described</source>
        <translation>설명과 다름</translation>
    </message>
    <message>
        <source>The model does not do what its page says.</source>
        <translation>모델이 페이지에 적힌 일을 하지 않습니다.</translation>
    </message>
    <message>
        <source>Unusable</source>
        <translation>쓸 수 없음</translation>
    </message>
    <message>
        <source>Noise, one colour, or nothing that could be meant.</source>
        <translation>노이즈나 단색 등, 의도했을 리 없는 결과입니다.</translation>
    </message>
    <message>
        <source>Damaged</source>
        <translation>손상됨</translation>
    </message>
    <message>
        <source>The picture is cut off or broken.</source>
        <translation>그림이 잘렸거나 깨졌습니다.</translation>
    </message>
    <message>
        <source>Another model</source>
        <translation>다른 모델</translation>
    </message>
    <message>
        <source>It was plainly made by something else.</source>
        <translation>분명히 다른 것으로 만들어졌습니다.</translation>
    </message>
    <message>
        <source>Nothing arrived</source>
        <translation>도착하지 않음</translation>
    </message>
    <message>
        <source>It was paid, and there is no picture.</source>
        <translation>지불했는데 그림이 없습니다.</translation>
    </message>
    <message>
        <source>Something else</source>
        <translation>그 밖의 이유</translation>
    </message>
    <message>
        <source>Say it in your own words.</source>
        <translation>직접 설명해 주세요.</translation>
    </message>
    <message>
        <source>Decided for the buyer: {amount} went back</source>
        <translation>구매자 승: {amount}이 돌아갔습니다</translation>
    </message>
    <message>
        <source>Decided for the creator: the payment stands</source>
        <translation>작가 승: 지불이 유지됩니다</translation>
    </message>
    <message>
        <source>Answered; the registry’s operator decides</source>
        <translation>답변됨. 레지스트리 운영자가 결정합니다</translation>
    </message>
    <message>
        <source>Open; the creator has not answered yet</source>
        <translation>진행 중. 작가가 아직 답하지 않았습니다</translation>
    </message>
</context>
<context>
    <name>DisputeSheet</name>
    <message>
        <source>What is wrong</source>
        <translation>무엇이 문제인가요</translation>
    </message>
    <message>
        <source>In your own words</source>
        <translation>직접 설명</translation>
    </message>
    <message>
        <source>What you expected, and what came instead</source>
        <translation>기대한 것과 실제로 온 것</translation>
    </message>
    <message>
        <source>Show my request</source>
        <translation>내 요청 공개하기</translation>
    </message>
    <message>
        <source>What would be seen</source>
        <translation>보이게 될 내용</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>보내기</translation>
    </message>
    <message>
        <source>Dispute about {title}</source>
        <translation>{title} 분쟁</translation>
    </message>
    <message>
        <source>Something is wrong</source>
        <translation>문제가 있어요</translation>
    </message>
    <message>
        <source>{title} · {amount} in question</source>
        <translation>{title} · 다투는 금액 {amount}</translation>
    </message>
    <message>
        <source>possible until {day}</source>
        <translation>{day}까지 가능</translation>
    </message>
    <message>
        <source>The creator and the registry’s operator then see exactly the text below, and can check that it is what you bought. Pictures you sent are named by their digest only. Without it they see no prompt.</source>
        <translation>작가와 레지스트리 운영자가 아래 내용을 그대로 보고, 구매한 요청이 맞는지 확인할 수 있습니다. 보낸 그림은 다이제스트로만 표시됩니다. 공개하지 않으면 프롬프트는 보이지 않습니다.</translation>
    </message>
    <message>
        <source>The request is not on this computer, so it cannot be shown.</source>
        <translation>요청이 이 컴퓨터에 없어 공개할 수 없습니다.</translation>
    </message>
    <message>
        <source>The creator can answer or give the money back at once; otherwise the operator decides.</source>
        <translation>작가는 답하거나 바로 돈을 돌려줄 수 있고, 그러지 않으면 운영자가 결정합니다.</translation>
    </message>
</context>
<context>
    <name>DisputeStrip</name>
    <message>
        <source>Something is wrong…</source>
        <extracomment>Older pictures are not asked about: no registry keeps a window open for so long. Walking through the gallery with the arrow keys asks for none of the pictures in between.</extracomment>
        <translation>문제가 있어요…</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>자세히</translation>
    </message>
    <message>
        <source>Not right? Until {day}</source>
        <translation>문제가 있나요? {day}까지</translation>
    </message>
</context>
<context>
    <name>EarlierStrip</name>
    <message>
        <source>Earlier with this prompt</source>
        <translation>이 프롬프트로 만든 그림</translation>
    </message>
    <message>
        <source>Earlier with this model</source>
        <translation>이 모델로 만든 그림</translation>
    </message>
</context>
<context>
    <name>EarningsChart</name>
    <message>
        <source>Earnings by day</source>
        <extracomment>As many listings have a colour of their own; the rest share the last one.</extracomment>
        <translation>일별 수익</translation>
    </message>
    <message numerus="yes">
        <source>%Ln day(s)</source>
        <translation>
            <numerusform>%Ln일</numerusform>
        </translation>
    </message>
    <message>
        <source>How many days</source>
        <translation>며칠</translation>
    </message>
    <message>
        <source>Nothing was earned in this time.</source>
        <translation>이 기간에는 수익이 없습니다.</translation>
    </message>
    <message>
        <source>others</source>
        <translation>기타</translation>
    </message>
    <message>
        <source>{amount} in this time</source>
        <translation>이 기간에 {amount}</translation>
    </message>
</context>
<context>
    <name>EarningsPage</name>
    <message>
        <source>Earnings</source>
        <extracomment>The yearly statement is offered for so many years back.</extracomment>
        <translation>수익</translation>
    </message>
    <message>
        <source>What your models bring in. It can be paid out once buyers can no longer object.</source>
        <translation>내 모델이 벌어들인 것입니다. 구매자가 더는 이의를 제기할 수 없을 때 지급받을 수 있습니다.</translation>
    </message>
    <message>
        <source>Yearly statement</source>
        <translation>연간 명세</translation>
    </message>
    <message>
        <source>Years</source>
        <translation>연도</translation>
    </message>
    <message>
        <source>Move to wallet</source>
        <translation>지갑으로 옮기기</translation>
    </message>
    <message>
        <source>Payout</source>
        <translation>지급</translation>
    </message>
    <message>
        <source>Available</source>
        <translation>사용 가능</translation>
    </message>
    <message>
        <source>Maturing</source>
        <translation>확정 대기</translation>
    </message>
    <message>
        <source>Pending</source>
        <translation>진행 중</translation>
    </message>
    <message>
        <source>Paid out</source>
        <translation>지급됨</translation>
    </message>
    <message>
        <source>Objections</source>
        <translation>이의 제기</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>바꾸기</translation>
    </message>
    <message>
        <source>Show older payouts</source>
        <translation>이전 지급 보기</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>수정</translation>
    </message>
    <message>
        <source>By model</source>
        <translation>모델별</translation>
    </message>
    <message>
        <source>Payouts</source>
        <translation>지급</translation>
    </message>
    <message>
        <source>Who sells</source>
        <translation>판매자 정보</translation>
    </message>
    <message>
        <source>Your earnings could not be read</source>
        <translation>수익을 불러오지 못했습니다</translation>
    </message>
    <message>
        <source>Retry now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>can be paid out or spent</source>
        <translation>지급받거나 쓸 수 있습니다</translation>
    </message>
    <message>
        <source>nothing yet</source>
        <translation>아직 없음</translation>
    </message>
    <message>
        <source>the next on {day}</source>
        <translation>다음은 {day}</translation>
    </message>
    <message>
        <source>buyers may still object</source>
        <translation>구매자가 아직 이의를 제기할 수 있습니다</translation>
    </message>
    <message>
        <source>held by buyers for what is running</source>
        <translation>진행 중인 작업에 보관됨</translation>
    </message>
    <message>
        <source>{amount} on their way</source>
        <translation>{amount} 진행 중</translation>
    </message>
    <message>
        <source>in all</source>
        <translation>전체</translation>
    </message>
    <message>
        <source>At least {amount} can be paid out.</source>
        <translation>{amount}부터 지급받을 수 있습니다.</translation>
    </message>
    <message>
        <source>Every run, pass and sale of the chosen days will be summed up here.</source>
        <translation>고른 기간의 실행, 패스, 판매가 여기에 합산됩니다.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Runs</source>
        <translation>실행</translation>
    </message>
    <message>
        <source>Paid by buyers</source>
        <translation>구매자 지불</translation>
    </message>
    <message>
        <source>Fee</source>
        <translation>수수료</translation>
    </message>
    <message>
        <source>Royalties</source>
        <translation>로열티</translation>
    </message>
    <message>
        <source>Given back</source>
        <translation>돌려받음</translation>
    </message>
    <message>
        <source>Yours</source>
        <translation>내 몫</translation>
    </message>
    <message>
        <source>runs</source>
        <translation>실행</translation>
    </message>
    <message>
        <source>passes</source>
        <translation>패스</translation>
    </message>
    <message>
        <source>sales</source>
        <translation>판매</translation>
    </message>
    <message>
        <source>royalties</source>
        <translation>로열티</translation>
    </message>
    <message>
        <source>Asked for by hand</source>
        <translation>직접 요청</translation>
    </message>
    <message>
        <source>Asked for every Monday</source>
        <translation>매주 월요일에 요청</translation>
    </message>
    <message>
        <source>Asked for on the first of each month</source>
        <translation>매월 1일에 요청</translation>
    </message>
    <message>
        <source>Nothing has been paid out yet.</source>
        <translation>아직 지급된 것이 없습니다.</translation>
    </message>
    <message>
        <source>Asked for</source>
        <translation>요청됨</translation>
    </message>
    <message>
        <source>On its way</source>
        <translation>보내는 중</translation>
    </message>
    <message>
        <source>Paid</source>
        <translation>지급됨</translation>
    </message>
    <message>
        <source>Failed; it is back</source>
        <translation>실패, 되돌아옴</translation>
    </message>
    <message>
        <source>Taken back</source>
        <translation>철회됨</translation>
    </message>
    <message>
        <source>By the operator</source>
        <translation>운영자가</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>철회</translation>
    </message>
    <message>
        <source>Take the payout of {amount} back</source>
        <translation>{amount} 지급 철회</translation>
    </message>
    <message>
        <source>Needed before models can be sold to keep, and for payouts where tax law asks.</source>
        <translation>모델을 소장용으로 팔기 전에, 그리고 세법이 요구하는 지급에 필요합니다.</translation>
    </message>
    <message>
        <source>The registry’s operator looks at it.</source>
        <translation>레지스트리 운영자가 확인하고 있습니다.</translation>
    </message>
    <message>
        <source>Models may be sold to keep.</source>
        <translation>모델을 소장용으로 팔 수 있습니다.</translation>
    </message>
    <message>
        <source>Fill in</source>
        <translation>작성</translation>
    </message>
    <message>
        <source>Legal name</source>
        <translation>법적 이름</translation>
    </message>
    <message>
        <source>Country</source>
        <translation>국가</translation>
    </message>
    <message>
        <source>Business registration number</source>
        <translation>사업자등록번호</translation>
    </message>
    <message>
        <source>VAT number</source>
        <translation>부가세 번호</translation>
    </message>
    <message>
        <source>Save the statement</source>
        <translation>명세 저장</translation>
    </message>
    <message>
        <source>The credits are in your wallet.</source>
        <translation>크레딧이 지갑에 들어왔습니다.</translation>
    </message>
    <message>
        <source>The payout was asked for.</source>
        <translation>지급을 요청했습니다.</translation>
    </message>
    <message>
        <source>The payout was taken back.</source>
        <translation>지급 요청을 철회했습니다.</translation>
    </message>
    <message>
        <source>The schedule was saved.</source>
        <translation>일정을 저장했습니다.</translation>
    </message>
    <message>
        <source>Sent. The operator looks at it.</source>
        <translation>보냈습니다. 운영자가 확인합니다.</translation>
    </message>
    <message>
        <source>The statement was saved.</source>
        <translation>명세를 저장했습니다.</translation>
    </message>
</context>
<context>
    <name>Failures</name>
    <message>
        <source>There is no such account.</source>
        <extracomment>Codes whose own sentence names a value, a limit or a file that nobody could guess.</extracomment>
        <translation>그런 계정이 없습니다.</translation>
    </message>
    <message>
        <source>Check the name.</source>
        <translation>이름을 확인해 주세요.</translation>
    </message>
    <message>
        <source>The free runs are used up.</source>
        <translation>무료 실행을 모두 썼습니다.</translation>
    </message>
    <message>
        <source>Wait until there are new ones, or pay for this run.</source>
        <translation>새로 생길 때까지 기다리거나 결제하고 실행해 주세요.</translation>
    </message>
    <message>
        <source>You have bought this model already.</source>
        <translation>이미 구매한 모델입니다.</translation>
    </message>
    <message>
        <source>Fetch it in the library.</source>
        <translation>라이브러리에서 내려받아 주세요.</translation>
    </message>
    <message>
        <source>The plugin that runs this model is not installed.</source>
        <translation>이 모델을 실행하는 플러그인이 없습니다.</translation>
    </message>
    <message>
        <source>Install it on the machine that is to run the model.</source>
        <translation>모델을 실행할 컴퓨터에 플러그인을 설치해 주세요.</translation>
    </message>
    <message>
        <source>The runtime for models is damaged.</source>
        <translation>모델 실행 환경이 손상되었습니다.</translation>
    </message>
    <message>
        <source>Install it anew.</source>
        <translation>다시 설치해 주세요.</translation>
    </message>
    <message>
        <source>The sign-in took too long.</source>
        <translation>로그인이 너무 오래 걸렸습니다.</translation>
    </message>
    <message>
        <source>Try again, and check this computer’s clock.</source>
        <translation>컴퓨터 시계를 확인하고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>This was asked for before in another form.</source>
        <translation>앞서 다른 내용으로 요청한 것입니다.</translation>
    </message>
    <message>
        <source>Look at what is there now, then try again.</source>
        <translation>지금 상태를 확인하고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>You do not have enough credits.</source>
        <translation>크레딧이 부족합니다.</translation>
    </message>
    <message>
        <source>Top up or redeem a voucher, then try again.</source>
        <translation>충전하거나 이용권을 등록한 뒤 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>Your account owes credits.</source>
        <translation>갚아야 할 크레딧이 있습니다.</translation>
    </message>
    <message>
        <source>Top up what is owed; then you can order again.</source>
        <translation>부족한 만큼 충전하면 다시 주문할 수 있습니다.</translation>
    </message>
    <message>
        <source>What the node says of itself is not signed correctly.</source>
        <translation>노드의 서명된 정보가 올바르지 않습니다.</translation>
    </message>
    <message>
        <source>Pick another node, or tell the creator.</source>
        <translation>다른 노드를 고르거나 작가에게 알려 주세요.</translation>
    </message>
    <message>
        <source>The disk is full.</source>
        <translation>디스크가 가득 찼습니다.</translation>
    </message>
    <message>
        <source>Free some space, then try again.</source>
        <translation>공간을 비우고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>This dispute is over.</source>
        <translation>이미 끝난 분쟁입니다.</translation>
    </message>
    <message>
        <source>What was decided stays as it is; write to the creator.</source>
        <translation>결정은 바뀌지 않습니다. 작가에게 연락해 주세요.</translation>
    </message>
    <message>
        <source>There is no such dispute.</source>
        <translation>그런 분쟁이 없습니다.</translation>
    </message>
    <message>
        <source>Look at the order again.</source>
        <translation>주문을 다시 확인해 주세요.</translation>
    </message>
    <message>
        <source>A signed document was changed.</source>
        <translation>서명된 문서가 변경되었습니다.</translation>
    </message>
    <message>
        <source>Ask for a fresh one.</source>
        <translation>새 문서를 받아 주세요.</translation>
    </message>
    <message>
        <source>That is more than you can be paid now.</source>
        <translation>지금 지급받을 수 있는 금액보다 많습니다.</translation>
    </message>
    <message>
        <source>Choose less, or wait until more has matured.</source>
        <translation>금액을 줄이거나 더 확정될 때까지 기다려 주세요.</translation>
    </message>
    <message>
        <source>An extension that this model needs is not installed.</source>
        <translation>이 모델에 필요한 확장이 없습니다.</translation>
    </message>
    <message>
        <source>Install it, or choose another model.</source>
        <translation>설치하거나 다른 모델을 골라 주세요.</translation>
    </message>
    <message>
        <source>Nothing can be written in that folder.</source>
        <translation>그 폴더에 저장할 수 없습니다.</translation>
    </message>
    <message>
        <source>Let Artrator write there, or choose another folder.</source>
        <translation>Artrator가 쓸 수 있게 하거나 다른 폴더를 고르세요.</translation>
    </message>
    <message>
        <source>This belongs to another account.</source>
        <translation>다른 계정의 것입니다.</translation>
    </message>
    <message>
        <source>Sign in with the account that it belongs to.</source>
        <translation>해당 계정으로 로그인해 주세요.</translation>
    </message>
    <message>
        <source>The picture cannot be read.</source>
        <translation>그림을 읽을 수 없습니다.</translation>
    </message>
    <message>
        <source>Save it again as PNG, JPEG or WebP and use that file.</source>
        <translation>PNG, JPEG, WebP로 다시 저장해 사용해 주세요.</translation>
    </message>
    <message>
        <source>The picture is too large.</source>
        <translation>그림이 너무 큽니다.</translation>
    </message>
    <message>
        <source>Make it smaller, then try again.</source>
        <translation>크기를 줄이고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The model does not accept one of the values.</source>
        <translation>모델이 받지 않는 값이 있습니다.</translation>
    </message>
    <message>
        <source>Change it, then try again.</source>
        <translation>값을 바꾸고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The model does not know one of the inputs.</source>
        <translation>모델이 모르는 입력이 있습니다.</translation>
    </message>
    <message>
        <source>Open the model anew, then try again.</source>
        <translation>모델을 다시 열고 시도해 주세요.</translation>
    </message>
    <message>
        <source>Something unexpected happened.</source>
        <translation>예상하지 못한 문제가 생겼습니다.</translation>
    </message>
    <message>
        <source>It is not your fault: please report it with the time.</source>
        <translation>사용자 잘못이 아닙니다. 시각과 함께 알려 주세요.</translation>
    </message>
    <message>
        <source>The job was cancelled.</source>
        <translation>작업이 취소되었습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; start a new one when you are ready.</source>
        <translation>결제되지 않았습니다. 원할 때 새로 시작해 주세요.</translation>
    </message>
    <message>
        <source>The job took too long.</source>
        <translation>작업이 너무 오래 걸렸습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try again, or choose fewer steps or a smaller size.</source>
        <translation>결제되지 않았습니다. 다시 시도하거나 단계 수나 크기를 줄여 주세요.</translation>
    </message>
    <message>
        <source>The node does not know this job any more.</source>
        <translation>노드가 이 작업을 더는 알지 못합니다.</translation>
    </message>
    <message>
        <source>Start a new one; nothing is paid twice.</source>
        <translation>새로 시작해 주세요. 두 번 결제되지 않습니다.</translation>
    </message>
    <message>
        <source>The key to what you bought has not arrived yet.</source>
        <translation>구매한 것의 키가 아직 도착하지 않았습니다.</translation>
    </message>
    <message>
        <source>Try again in a moment.</source>
        <translation>잠시 뒤 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The licence is not accepted here.</source>
        <translation>이 라이선스는 여기서 쓸 수 없습니다.</translation>
    </message>
    <message>
        <source>Connect to the registry that you bought it from.</source>
        <translation>구매한 레지스트리에 연결해 주세요.</translation>
    </message>
    <message>
        <source>You have no licence for this model.</source>
        <translation>이 모델의 라이선스가 없습니다.</translation>
    </message>
    <message>
        <source>Buy one first.</source>
        <translation>먼저 구매해 주세요.</translation>
    </message>
    <message>
        <source>The purchase was refunded.</source>
        <translation>환불된 구매입니다.</translation>
    </message>
    <message>
        <source>Buy a new licence to fetch the model again.</source>
        <translation>다시 받으려면 새 라이선스를 구매해 주세요.</translation>
    </message>
    <message>
        <source>This model is not offered any more.</source>
        <translation>더는 제공되지 않는 모델입니다.</translation>
    </message>
    <message>
        <source>Search again; the creator may have withdrawn it.</source>
        <translation>다시 검색해 주세요. 작가가 내렸을 수 있습니다.</translation>
    </message>
    <message>
        <source>The model’s description is not valid.</source>
        <translation>모델 설명이 올바르지 않습니다.</translation>
    </message>
    <message>
        <source>Tell the creator.</source>
        <translation>작가에게 알려 주세요.</translation>
    </message>
    <message>
        <source>The model could not make it.</source>
        <translation>모델이 만들지 못했습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try other settings or tell the creator.</source>
        <translation>결제되지 않았습니다. 설정을 바꾸거나 작가에게 알려 주세요.</translation>
    </message>
    <message>
        <source>The node has too much to do.</source>
        <translation>노드가 바쁩니다.</translation>
    </message>
    <message>
        <source>Wait a little, or pick another node.</source>
        <translation>잠시 기다리거나 다른 노드를 골라 주세요.</translation>
    </message>
    <message>
        <source>The node’s owner lets it rest.</source>
        <translation>노드 주인이 노드를 쉬게 했습니다.</translation>
    </message>
    <message>
        <source>Pick another node, or come back later.</source>
        <translation>다른 노드를 고르거나 나중에 다시 와 주세요.</translation>
    </message>
    <message>
        <source>The node’s identity is not the one that the registry vouches for.</source>
        <translation>노드의 신원이 레지스트리가 보증한 것과 다릅니다.</translation>
    </message>
    <message>
        <source>Do not go on: something stands between you and the node. Tell the creator.</source>
        <translation>진행하지 마세요. 누군가 통신에 끼어들었을 수 있습니다. 작가에게 알려 주세요.</translation>
    </message>
    <message>
        <source>The node is not registered here.</source>
        <translation>여기에 등록되지 않은 노드입니다.</translation>
    </message>
    <message>
        <source>Its owner must start it.</source>
        <translation>노드 주인이 시작해야 합니다.</translation>
    </message>
    <message>
        <source>The node did not answer.</source>
        <translation>노드가 응답하지 않습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try again in a moment or pick another node.</source>
        <translation>결제되지 않았습니다. 잠시 뒤 다시 시도하거나 다른 노드를 골라 주세요.</translation>
    </message>
    <message>
        <source>This model is not sold to keep.</source>
        <translation>소장용으로 팔지 않는 모델입니다.</translation>
    </message>
    <message>
        <source>Buy single runs, or ask the creator.</source>
        <translation>실행 단위로 구매하거나 작가에게 문의해 주세요.</translation>
    </message>
    <message>
        <source>It is not there.</source>
        <translation>찾을 수 없습니다.</translation>
    </message>
    <message>
        <source>Check the address.</source>
        <translation>주소를 확인해 주세요.</translation>
    </message>
    <message>
        <source>No node offers this model right now.</source>
        <translation>지금 이 모델을 제공하는 노드가 없습니다.</translation>
    </message>
    <message>
        <source>Try later or pick another model.</source>
        <translation>나중에 다시 시도하거나 다른 모델을 골라 주세요.</translation>
    </message>
    <message>
        <source>The creator’s offer is not signed correctly.</source>
        <translation>작가의 가격표 서명이 올바르지 않습니다.</translation>
    </message>
    <message>
        <source>Pick another model, or tell the creator.</source>
        <translation>다른 모델을 고르거나 작가에게 알려 주세요.</translation>
    </message>
    <message>
        <source>The order has ended.</source>
        <translation>끝난 주문입니다.</translation>
    </message>
    <message>
        <source>Make a new one.</source>
        <translation>새로 주문해 주세요.</translation>
    </message>
    <message>
        <source>There is no such order.</source>
        <translation>그런 주문이 없습니다.</translation>
    </message>
    <message>
        <source>The picture did not arrive whole, so it was not accepted.</source>
        <translation>그림이 온전히 도착하지 않아 받지 않았습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try again.</source>
        <translation>결제되지 않았습니다. 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The node does not keep this picture any more.</source>
        <translation>노드가 이 그림을 더는 보관하지 않습니다.</translation>
    </message>
    <message>
        <source>Run the job again.</source>
        <translation>작업을 다시 실행해 주세요.</translation>
    </message>
    <message>
        <source>A file of the model differs from what its creator signed.</source>
        <translation>모델 파일이 작가가 서명한 것과 다릅니다.</translation>
    </message>
    <message>
        <source>Fetch the model again.</source>
        <translation>모델을 다시 받아 주세요.</translation>
    </message>
    <message>
        <source>The model’s package is not valid.</source>
        <translation>모델 패키지가 올바르지 않습니다.</translation>
    </message>
    <message>
        <source>The model is not signed.</source>
        <translation>서명되지 않은 모델입니다.</translation>
    </message>
    <message>
        <source>Tell the creator; nothing unsigned is run.</source>
        <translation>작가에게 알려 주세요. 서명이 없으면 실행하지 않습니다.</translation>
    </message>
    <message>
        <source>The pass has ended.</source>
        <translation>패스가 끝났습니다.</translation>
    </message>
    <message>
        <source>Buy it again.</source>
        <translation>다시 구매해 주세요.</translation>
    </message>
    <message>
        <source>You have this pass already.</source>
        <translation>이미 가지고 있는 패스입니다.</translation>
    </message>
    <message>
        <source>Use the one that you have.</source>
        <translation>가지고 있는 패스를 사용해 주세요.</translation>
    </message>
    <message>
        <source>There is no such pass.</source>
        <translation>그런 패스가 없습니다.</translation>
    </message>
    <message>
        <source>Look at your passes in the library.</source>
        <translation>라이브러리에서 패스를 확인해 주세요.</translation>
    </message>
    <message>
        <source>This payout was sent or has ended.</source>
        <translation>이미 보냈거나 끝난 지급입니다.</translation>
    </message>
    <message>
        <source>Ask for another one.</source>
        <translation>새로 지급을 요청해 주세요.</translation>
    </message>
    <message>
        <source>There is no such payout.</source>
        <translation>그런 지급이 없습니다.</translation>
    </message>
    <message>
        <source>Look at the list again.</source>
        <translation>목록을 다시 확인해 주세요.</translation>
    </message>
    <message>
        <source>The pass is not offered correctly.</source>
        <translation>패스 내용이 올바르지 않습니다.</translation>
    </message>
    <message>
        <source>This pass is not offered any more.</source>
        <translation>더는 제공되지 않는 패스입니다.</translation>
    </message>
    <message>
        <source>Choose another one.</source>
        <translation>다른 수단을 골라 주세요.</translation>
    </message>
    <message>
        <source>A plugin does not work.</source>
        <translation>플러그인이 작동하지 않습니다.</translation>
    </message>
    <message>
        <source>Update or remove it.</source>
        <translation>업데이트하거나 삭제해 주세요.</translation>
    </message>
    <message>
        <source>A plugin is not valid; nothing was installed.</source>
        <translation>플러그인이 올바르지 않아 설치하지 않았습니다.</translation>
    </message>
    <message>
        <source>Tell its author.</source>
        <translation>만든 사람에게 알려 주세요.</translation>
    </message>
    <message>
        <source>The price is higher than the one that you saw.</source>
        <translation>보신 가격보다 비쌉니다.</translation>
    </message>
    <message>
        <source>Look at the new price; you never pay more than you accepted.</source>
        <translation>새 가격을 확인해 주세요. 수락한 금액보다 더 내지 않습니다.</translation>
    </message>
    <message>
        <source>The signature of the request is not accepted.</source>
        <translation>요청의 서명을 확인할 수 없습니다.</translation>
    </message>
    <message>
        <source>Check this computer’s clock, then try again.</source>
        <translation>컴퓨터 시계를 확인하고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The price is too old.</source>
        <translation>가격 유효 시간이 지났습니다.</translation>
    </message>
    <message>
        <source>Ask for it again; nothing was charged.</source>
        <translation>가격을 다시 확인해 주세요. 결제되지 않았습니다.</translation>
    </message>
    <message>
        <source>The price has changed.</source>
        <translation>가격이 바뀌었습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; look at the new price.</source>
        <translation>결제되지 않았습니다. 새 가격을 확인해 주세요.</translation>
    </message>
    <message>
        <source>The price is not known any more.</source>
        <translation>가격 정보를 찾을 수 없습니다.</translation>
    </message>
    <message>
        <source>This way to pay is not set up correctly.</source>
        <translation>이 결제 수단이 제대로 설정되지 않았습니다.</translation>
    </message>
    <message>
        <source>Choose another one, or tell the registry’s operator.</source>
        <translation>다른 수단을 고르거나 레지스트리 운영자에게 알려 주세요.</translation>
    </message>
    <message>
        <source>This way to pay does not answer right now.</source>
        <translation>결제 수단이 지금 응답하지 않습니다.</translation>
    </message>
    <message>
        <source>Nothing was paid; try again in a moment.</source>
        <translation>결제되지 않았습니다. 잠시 뒤 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>This registry does not offer that way to pay.</source>
        <translation>이 레지스트리에 없는 결제 수단입니다.</translation>
    </message>
    <message>
        <source>That was too fast.</source>
        <translation>요청이 너무 잦습니다.</translation>
    </message>
    <message>
        <source>Wait a little, then try again.</source>
        <translation>잠시 기다렸다가 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The receipt is not signed by the node that was paid.</source>
        <translation>영수증이 해당 노드의 서명이 아닙니다.</translation>
    </message>
    <message>
        <source>Tell the creator; the order shows what becomes of the money.</source>
        <translation>작가에게 알려 주세요. 결제 상태는 주문에서 볼 수 있습니다.</translation>
    </message>
    <message>
        <source>The registry does not answer.</source>
        <translation>레지스트리가 응답하지 않습니다.</translation>
    </message>
    <message>
        <source>Check its address and your connection, then try again.</source>
        <translation>주소와 인터넷 연결을 확인하고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>Something in the request is not right.</source>
        <translation>요청에 올바르지 않은 부분이 있습니다.</translation>
    </message>
    <message>
        <source>Correct it, then try again.</source>
        <translation>고치고 다시 시도해 주세요.</translation>
    </message>
    <message>
        <source>The node got something else than what was paid for.</source>
        <translation>노드가 받은 요청이 결제한 것과 다릅니다.</translation>
    </message>
    <message>
        <source>That is more than can be sent at once.</source>
        <translation>한 번에 보내기에 너무 큽니다.</translation>
    </message>
    <message>
        <source>Send less.</source>
        <translation>줄여서 보내 주세요.</translation>
    </message>
    <message>
        <source>This needs a right that you do not have here.</source>
        <translation>이 작업을 할 권한이 없습니다.</translation>
    </message>
    <message>
        <source>Sign in with your own key.</source>
        <translation>본인의 키로 로그인해 주세요.</translation>
    </message>
    <message>
        <source>The operator has not verified you as a seller yet.</source>
        <translation>아직 판매자 확인을 받지 않았습니다.</translation>
    </message>
    <message>
        <source>Say who sells on the earnings page, and wait for the operator.</source>
        <translation>수익 페이지에서 판매자 정보를 쓰고 운영자의 확인을 기다려 주세요.</translation>
    </message>
    <message>
        <source>You are not signed in any more.</source>
        <translation>로그인이 끊겼습니다.</translation>
    </message>
    <message>
        <source>Connect again in the settings.</source>
        <translation>설정에서 다시 연결해 주세요.</translation>
    </message>
    <message>
        <source>That is above the spending limit.</source>
        <translation>지출 한도를 넘습니다.</translation>
    </message>
    <message>
        <source>Raise the limit or choose something cheaper.</source>
        <translation>한도를 올리거나 더 저렴한 것을 골라 주세요.</translation>
    </message>
    <message>
        <source>The other side is busy.</source>
        <translation>상대 서버가 바쁩니다.</translation>
    </message>
    <message>
        <source>Artrator’s database on this computer is damaged.</source>
        <translation>이 컴퓨터의 Artrator 데이터베이스가 손상되었습니다.</translation>
    </message>
    <message>
        <source>Close Artrator and open it again: it keeps what can be read, and the damaged file as well.</source>
        <translation>Artrator를 닫고 다시 여세요. 읽을 수 있는 내용은 그대로 되살리고, 손상된 파일도 보관합니다.</translation>
    </message>
    <message>
        <source>The order waited too long.</source>
        <translation>주문이 너무 오래 기다렸습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try again. If this repeats, check this computer’s clock.</source>
        <translation>결제되지 않았습니다. 다시 시도해 주세요. 반복되면 컴퓨터 시계를 확인해 주세요.</translation>
    </message>
    <message>
        <source>The node does not accept the order.</source>
        <translation>노드가 주문을 받지 않았습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try again or pick another node.</source>
        <translation>결제되지 않았습니다. 다시 시도하거나 다른 노드를 골라 주세요.</translation>
    </message>
    <message>
        <source>The order was meant for another node.</source>
        <translation>다른 노드로 가야 할 주문입니다.</translation>
    </message>
    <message>
        <source>There is no such top-up.</source>
        <translation>그런 충전이 없습니다.</translation>
    </message>
    <message>
        <source>Begin a new one.</source>
        <translation>새로 충전해 주세요.</translation>
    </message>
    <message>
        <source>The voucher is not accepted.</source>
        <translation>이용권을 쓸 수 없습니다.</translation>
    </message>
    <message>
        <source>Check the code; a voucher works once and may expire.</source>
        <translation>코드를 확인해 주세요. 이용권은 한 번만 쓸 수 있고 기한이 있을 수 있습니다.</translation>
    </message>
    <message>
        <source>The model stopped unexpectedly.</source>
        <translation>모델이 갑자기 멈췄습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try again. The node has started afresh.</source>
        <translation>결제되지 않았습니다. 다시 시도해 주세요. 노드는 다시 시작했습니다.</translation>
    </message>
    <message>
        <source>The model needed more than it may.</source>
        <translation>모델이 허용된 자원을 넘었습니다.</translation>
    </message>
    <message>
        <source>Nothing was charged; try a smaller request.</source>
        <translation>결제되지 않았습니다. 더 작게 요청해 주세요.</translation>
    </message>
</context>
<context>
    <name>FilmDrop</name>
    <message>
        <source>Pictures and films ({patterns})</source>
        <translation>그림과 영상 ({patterns})</translation>
    </message>
    <message>
        <source>Choose frames or a film</source>
        <translation>프레임이나 영상 고르기</translation>
    </message>
    <message>
        <source>Drop frames, or browse</source>
        <translation>프레임을 놓거나 찾아보기</translation>
    </message>
    <message>
        <source>Drop a picture, or browse</source>
        <translation>그림을 놓거나 찾아보기</translation>
    </message>
</context>
<context>
    <name>GalleryGrid</name>
    <message>
        <source>Pictures</source>
        <extracomment>Qt lays out rows in batches of this many, so that 100,000 of them do not hold up the first paint. The scroll bar&apos;s width and a little, or Qt drops a column when the bar appears.</extracomment>
        <translation>그림</translation>
    </message>
</context>
<context>
    <name>GalleryPage</name>
    <message>
        <source>Gallery</source>
        <extracomment>So many pictures are hardly deleted by one slip of a finger. The search is as wide as this, and less on a page below a width. Room for two lines below the title, beside the search.</extracomment>
        <translation>갤러리</translation>
    </message>
    <message>
        <source>Search pictures</source>
        <translation>그림 검색</translation>
    </message>
    <message>
        <source>Search prompts, models, seeds</source>
        <translation>프롬프트, 모델, 시드 검색</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>정렬</translation>
    </message>
    <message>
        <source>Newest first</source>
        <translation>최신순</translation>
    </message>
    <message>
        <source>Oldest first</source>
        <translation>오래된순</translation>
    </message>
    <message>
        <source>Which pictures</source>
        <translation>그림 종류</translation>
    </message>
    <message>
        <source>{count} images · {size} on this computer</source>
        <translation>그림 {count}장 · 이 컴퓨터에 {size}</translation>
    </message>
    <message>
        <source>All</source>
        <translation>전체</translation>
    </message>
    <message>
        <source>Favourites</source>
        <translation>즐겨찾기</translation>
    </message>
    <message>
        <source>Nothing matches “{query}”</source>
        <translation>‘{query}’에 맞는 그림이 없습니다</translation>
    </message>
    <message>
        <source>Nothing here yet</source>
        <translation>아직 없습니다</translation>
    </message>
    <message>
        <source>Words of prompts, names of models and seeds are searched.</source>
        <translation>프롬프트의 낱말, 모델 이름, 시드를 찾습니다.</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>모두 보기</translation>
    </message>
    <message>
        <source>Nothing made yet</source>
        <translation>아직 만든 그림이 없습니다</translation>
    </message>
    <message>
        <source>Every picture you make is kept here, with its settings and its receipt.</source>
        <translation>만든 그림은 설정과 영수증과 함께 모두 여기에 남습니다.</translation>
    </message>
    <message>
        <source>Make one</source>
        <translation>만들러 가기</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>오늘</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>전</translation>
    </message>
    <message>
        <source>After</source>
        <translation>후</translation>
    </message>
    <message>
        <source>The picture it was made from is not there any more.</source>
        <translation>원본 그림이 더 이상 없습니다.</translation>
    </message>
    <message>
        <source>Delete {count} pictures?</source>
        <translation>그림 {count}장을 지울까요?</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>The files go to the trash; their receipts are deleted.</source>
        <translation>파일은 휴지통으로 가고 영수증은 지워집니다.</translation>
    </message>
</context>
<context>
    <name>Hero</name>
    <message>
        <source>MOST USED</source>
        <translation>가장 많이 쓰인 모델</translation>
    </message>
    <message>
        <source>NEW HERE</source>
        <translation>새로 올라온 모델</translation>
    </message>
    <message>
        <source>Create with it</source>
        <translation>이 모델로 만들기</translation>
    </message>
    <message>
        <source>{price} credits / run</source>
        <translation>실행당 {price}크레딧</translation>
    </message>
</context>
<context>
    <name>HoldStrip</name>
    <message>
        <source>Until {time}.</source>
        <translation>{time}까지입니다.</translation>
    </message>
</context>
<context>
    <name>ImageDrop</name>
    <message>
        <source>Remove picture</source>
        <translation>그림 빼기</translation>
    </message>
    <message>
        <source>Choose a picture</source>
        <translation>그림 고르기</translation>
    </message>
    <message>
        <source>Pictures ({patterns})</source>
        <translation>그림 ({patterns})</translation>
    </message>
    <message>
        <source>Choose pictures</source>
        <translation>그림 고르기</translation>
    </message>
    <message>
        <source>Drop a PNG, JPEG or WebP picture.</source>
        <translation>PNG, JPEG, WebP 그림을 놓아 주세요.</translation>
    </message>
    <message>
        <source>Drop a picture, or click to choose</source>
        <translation>그림을 끌어다 놓거나 눌러서 고르기</translation>
    </message>
    <message>
        <source>Drop pictures, or click to choose</source>
        <translation>그림을 놓거나 눌러서 고르기</translation>
    </message>
    <message>
        <source>PNG, JPEG or WebP · paste works too</source>
        <translation>PNG, JPEG, WebP · 붙여넣기도 됩니다</translation>
    </message>
</context>
<context>
    <name>ImageInput</name>
    <message>
        <source>White is where the model works.</source>
        <extracomment>Several pictures are shown up to here: a film may have hundreds.</extracomment>
        <translation>흰 부분에 모델이 작업합니다.</translation>
    </message>
    <message>
        <source>Sides from {low} to {high} px.</source>
        <translation>한 변 {low}–{high}px.</translation>
    </message>
    <message>
        <source>Sides up to {high} px.</source>
        <translation>한 변 최대 {high}px.</translation>
    </message>
    <message>
        <source>Up to {count} pixels.</source>
        <translation>최대 {count}픽셀.</translation>
    </message>
</context>
<context>
    <name>ImagesInput</name>
    <message>
        <source>Remove all</source>
        <translation>모두 빼기</translation>
    </message>
</context>
<context>
    <name>InputTable</name>
    <message>
        <source>Text</source>
        <translation>글</translation>
    </message>
    <message>
        <source>Whole number</source>
        <translation>정수</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>수</translation>
    </message>
    <message>
        <source>Yes or no</source>
        <translation>예/아니요</translation>
    </message>
    <message>
        <source>Choice</source>
        <translation>선택</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>그림</translation>
    </message>
    <message>
        <source>Mask</source>
        <translation>마스크</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>그림</translation>
    </message>
    <message>
        <source>{count} choices</source>
        <translation>{count}가지</translation>
    </message>
    <message>
        <source>{low} to {high}</source>
        <translation>{low}–{high}</translation>
    </message>
    <message>
        <source>up to {count} characters</source>
        <translation>최대 {count}자</translation>
    </message>
    <message>
        <source>up to {count} pictures</source>
        <translation>최대 {count}장</translation>
    </message>
    <message>
        <source>up to {count} px a side</source>
        <translation>한 변 최대 {count}px</translation>
    </message>
    <message>
        <source>up to {count} megapixels</source>
        <translation>최대 {count}메가픽셀</translation>
    </message>
    <message>
        <source>new each time</source>
        <translation>매번 새로</translation>
    </message>
    <message>
        <source>needed</source>
        <translation>필수</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>예</translation>
    </message>
    <message>
        <source>no</source>
        <translation>아니요</translation>
    </message>
</context>
<context>
    <name>JobNotices</name>
    <message>
        <source>{title} is ready. Paid {amount}.</source>
        <translation>완성: {title}. {amount}을 결제했습니다.</translation>
    </message>
    <message>
        <source>{title} made {made} of {ordered} pictures. Paid {amount} for those.</source>
        <translation>{title}: 그림 {ordered}장 중 {made}장을 만들었습니다. 그만큼만 {amount}을 냈습니다.</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>보기</translation>
    </message>
    <message>
        <source>{title} failed. {reason}</source>
        <translation>실패: {title}. {reason}</translation>
    </message>
</context>
<context>
    <name>JobRow</name>
    <message>
        <source>Cancel</source>
        <extracomment>Its width and how many tiles lie side by side; the second where the page is narrow. Rows that are shown; a row is a dozen widgets, and nobody reads three hundred.</extracomment>
        <translation>취소</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>치우기</translation>
    </message>
</context>
<context>
    <name>JobWords</name>
    <message>
        <source>Done</source>
        <translation>완료</translation>
    </message>
    <message>
        <source>No picture this time</source>
        <translation>이번에는 그림이 없습니다</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>취소됨</translation>
    </message>
    <message>
        <source>Waiting for room on the disk</source>
        <translation>디스크 공간을 기다리는 중</translation>
    </message>
    <message>
        <source>Waiting for a folder to save in</source>
        <translation>저장할 폴더를 기다리는 중</translation>
    </message>
    <message>
        <source>Waiting for the connection</source>
        <translation>연결을 기다리는 중</translation>
    </message>
    <message>
        <source>Cancelling</source>
        <translation>취소하는 중</translation>
    </message>
    <message>
        <source>Waiting for the node</source>
        <translation>노드를 기다리는 중</translation>
    </message>
    <message>
        <source>Generating {count} images</source>
        <translation>그림 {count}장 만드는 중</translation>
    </message>
    <message>
        <source>Generating</source>
        <translation>만드는 중</translation>
    </message>
    <message>
        <source>Node {name}</source>
        <translation>노드 {name}</translation>
    </message>
    <message>
        <source>does not answer; it is asked again</source>
        <translation>응답이 없어 다시 묻고 있습니다</translation>
    </message>
    <message>
        <source>Waiting · {count} before it · nothing is held yet</source>
        <translation>대기 중 · 앞에 {count}건 · 아직 보관한 크레딧 없음</translation>
    </message>
    <message>
        <source>Waiting · nothing is held yet</source>
        <translation>대기 중 · 아직 보관한 크레딧 없음</translation>
    </message>
    <message>
        <source>Checking the price</source>
        <translation>가격 확인 중</translation>
    </message>
    <message>
        <source>fetching the picture</source>
        <translation>그림 받는 중</translation>
    </message>
    <message>
        <source>Waits for the node</source>
        <translation>노드를 기다림</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>실행 중</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>대기 중</translation>
    </message>
    <message>
        <source>{count} before it</source>
        <translation>앞에 {count}건</translation>
    </message>
    <message>
        <source>Waits for room on the disk</source>
        <translation>디스크 공간을 기다림</translation>
    </message>
    <message>
        <source>Waits for a folder to save in</source>
        <translation>저장할 폴더를 기다림</translation>
    </message>
    <message>
        <source>Waits for the connection</source>
        <translation>연결을 기다리는 중</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>실패</translation>
    </message>
    <message>
        <source>made on this computer</source>
        <translation>이 컴퓨터에서 만듦</translation>
    </message>
    <message>
        <source>costs nothing</source>
        <translation>무료</translation>
    </message>
    <message>
        <source>{made} of {ordered} pictures</source>
        <translation>그림 {ordered}장 중 {made}장</translation>
    </message>
    <message>
        <source>from your pass</source>
        <translation>패스로 지불</translation>
    </message>
    <message>
        <source>free</source>
        <translation>무료</translation>
    </message>
    <message>
        <source>paid {amount}</source>
        <translation>{amount} 결제</translation>
    </message>
    <message>
        <source>nothing was charged; {amount} are back</source>
        <translation>결제하지 않음, {amount} 돌려받음</translation>
    </message>
    <message>
        <source>{amount} held</source>
        <translation>{amount} 보관 중</translation>
    </message>
    <message>
        <source>nothing was charged</source>
        <translation>결제하지 않음</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Cancel and release {amount}</source>
        <translation>취소하고 {amount} 돌려받기</translation>
    </message>
    <message>
        <source>{amount} back</source>
        <translation>{amount} 반환됨</translation>
    </message>
    <message>
        <source>ordered</source>
        <translation>주문함</translation>
    </message>
    <message>
        <source>next in line</source>
        <translation>다음 차례</translation>
    </message>
    <message>
        <source>{count} ahead</source>
        <translation>앞에 {count}건</translation>
    </message>
    <message>
        <source>about {time}</source>
        <translation>약 {time}</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>{time} 남음</translation>
    </message>
    <message>
        <source>running</source>
        <translation>실행 중</translation>
    </message>
    <message>
        <source>step {done} of {total}</source>
        <translation>{total}단계 중 {done}단계</translation>
    </message>
</context>
<context>
    <name>Keep</name>
    <message>
        <source>This version of the model on your own computer, to run as often as you like without paying by the run.</source>
        <translation>모델의 이 버전을 내 컴퓨터에 두고, 실행마다 내지 않고 원하는 만큼 실행합니다.</translation>
    </message>
    <message>
        <source>No later versions, and no more rights to the pictures than the licence of the model grants.</source>
        <translation>이후 버전은 포함되지 않으며, 그림에 대한 권리는 모델의 라이선스가 정한 만큼입니다.</translation>
    </message>
</context>
<context>
    <name>KeepCard</name>
    <message>
        <source>You may keep and run this version on your own computer.</source>
        <translation>이 버전을 내 컴퓨터에 두고 실행할 수 있습니다.</translation>
    </message>
    <message>
        <source>Show in the library</source>
        <translation>라이브러리에서 보기</translation>
    </message>
    <message>
        <source>Terms: {licence}, {use}.</source>
        <translation>조건: {licence}, {use}.</translation>
    </message>
    <message>
        <source>commercial use allowed</source>
        <translation>상업적 이용 가능</translation>
    </message>
    <message>
        <source>not for commercial use</source>
        <translation>상업적 이용 불가</translation>
    </message>
    <message>
        <source>Buy to keep · {amount}</source>
        <translation>소장용 구매 · {amount}</translation>
    </message>
</context>
<context>
    <name>KeptCard</name>
    <message>
        <source>Page</source>
        <translation>페이지</translation>
    </message>
    <message>
        <source>Page of {title}</source>
        <translation>{title} 페이지</translation>
    </message>
    <message>
        <source>Give up</source>
        <translation>그만두기</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>삭제</translation>
    </message>
    <message>
        <source>version {version}</source>
        <translation>버전 {version}</translation>
    </message>
    <message>
        <source>Fetching</source>
        <translation>받는 중</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>이 컴퓨터에 있음</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>대기 중</translation>
    </message>
    <message>
        <source>Not on this computer</source>
        <translation>이 컴퓨터에 없음</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>만들기</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>일시 정지</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>계속</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>내려받기</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{total} 중 {done}</translation>
    </message>
    <message>
        <source>stopped; it goes on from here</source>
        <translation>멈춤. 여기서부터 이어집니다</translation>
    </message>
    <message>
        <source>Asking the node…</source>
        <translation>노드에 묻는 중…</translation>
    </message>
    <message>
        <source>{amount} held until it has arrived</source>
        <translation>도착할 때까지 {amount} 보관</translation>
    </message>
    <message>
        <source>Bought on {day} for {amount}</source>
        <translation>{day}에 {amount}으로 구매</translation>
    </message>
</context>
<context>
    <name>LibraryPage</name>
    <message>
        <source>Library</source>
        <translation>라이브러리</translation>
    </message>
    <message>
        <source>Your passes, and the models you may keep.</source>
        <translation>내 패스와 소장한 모델.</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>새로 고침</translation>
    </message>
    <message>
        <source>Passes</source>
        <translation>패스</translation>
    </message>
    <message>
        <source>Models to keep</source>
        <translation>소장한 모델</translation>
    </message>
    <message>
        <source>Your library could not be read</source>
        <translation>라이브러리를 불러오지 못했습니다</translation>
    </message>
    <message>
        <source>Retry now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>Nothing here yet</source>
        <translation>아직 아무것도 없습니다</translation>
    </message>
    <message>
        <source>Some models sell passes by the month, or a licence to keep them. You find both on their pages.</source>
        <translation>어떤 모델은 월 단위 패스나 소장용 라이선스를 팝니다. 모델 페이지에서 찾을 수 있습니다.</translation>
    </message>
    <message>
        <source>Discover models</source>
        <translation>모델 둘러보기</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>삭제</translation>
    </message>
    <message>
        <source>Remove {title} from this computer?</source>
        <translation>이 컴퓨터에서 삭제할까요? {title}</translation>
    </message>
    <message>
        <source>The licence stays yours, and the model can be fetched again for nothing.</source>
        <translation>라이선스는 그대로이며, 모델은 무료로 다시 받을 수 있습니다.</translation>
    </message>
    <message>
        <source>{title} is here, and runs on this computer.</source>
        <translation>{title}: 도착했습니다. 이제 이 컴퓨터에서 실행됩니다.</translation>
    </message>
    <message>
        <source>{title} is yours.</source>
        <translation>구매 완료: {title}.</translation>
    </message>
</context>
<context>
    <name>ListingDelegate</name>
    <message>
        <source>New</source>
        <translation>신규</translation>
    </message>
    <message>
        <source>credits / run</source>
        <translation>크레딧 / 회</translation>
    </message>
</context>
<context>
    <name>ListingModel</name>
    <message>
        <source>Loading</source>
        <translation>불러오는 중</translation>
    </message>
    <message>
        <source>{task} by {creator}, {price} a run, licence {licence}, {state}</source>
        <translation>{task}, 작가 {creator}, 실행당 {price}, 라이선스 {licence}, {state}</translation>
    </message>
</context>
<context>
    <name>MachineCard</name>
    <message>
        <source>Processor</source>
        <translation>프로세서</translation>
    </message>
    <message>
        <source>Busy</source>
        <translation>사용률</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>메모리</translation>
    </message>
    <message>
        <source>Power</source>
        <translation>전력</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>온도</translation>
    </message>
</context>
<context>
    <name>ManifestForm</name>
    <message>
        <source>More settings</source>
        <translation>설정 더 보기</translation>
    </message>
    <message>
        <source>unfolded</source>
        <translation>펼침</translation>
    </message>
    <message>
        <source>folded</source>
        <translation>접힘</translation>
    </message>
</context>
<context>
    <name>MaskCanvas</name>
    <message>
        <source>Paint the part that the model works on</source>
        <extracomment>Brush sizes in thousandths of the picture&apos;s longer side. How the painted part shows over the picture.</extracomment>
        <translation>모델이 작업할 부분을 칠하세요</translation>
    </message>
</context>
<context>
    <name>MaskDialog</name>
    <message>
        <source>Paint a mask</source>
        <translation>마스크 칠하기</translation>
    </message>
    <message>
        <source>Paint</source>
        <translation>칠하기</translation>
    </message>
    <message>
        <source>Erase</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Tool</source>
        <translation>도구</translation>
    </message>
    <message>
        <source>Brush size</source>
        <translation>붓 크기</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>모두 지우기</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>전체 칠하기</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Use mask</source>
        <translation>마스크 사용</translation>
    </message>
</context>
<context>
    <name>MaskInput</name>
    <message>
        <source>Paint it over the picture</source>
        <translation>그림 위에 칠하기</translation>
    </message>
</context>
<context>
    <name>ModelChip</name>
    <message>
        <source>Change</source>
        <translation>바꾸기</translation>
    </message>
</context>
<context>
    <name>ModelPage</name>
    <message>
        <source>Back to Discover</source>
        <translation>둘러보기로 돌아가기</translation>
    </message>
    <message>
        <source>What it asks you for</source>
        <translation>입력하는 것</translation>
    </message>
    <message>
        <source>This model could not be opened</source>
        <translation>이 모델을 열 수 없습니다</translation>
    </message>
    <message>
        <source>Retry now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>{task} by {creator} · version {version}</source>
        <translation>{task} · {creator} · 버전 {version}</translation>
    </message>
    <message>
        <source>Sample {number}</source>
        <translation>예시 {number}</translation>
    </message>
    <message>
        <source>{title} is yours.</source>
        <translation>구매 완료: {title}.</translation>
    </message>
</context>
<context>
    <name>MoveSheet</name>
    <message>
        <source>Move</source>
        <translation>옮기기</translation>
    </message>
</context>
<context>
    <name>Navigation</name>
    <message>
        <source>Discover</source>
        <translation>둘러보기</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>만들기</translation>
    </message>
    <message>
        <source>Gallery</source>
        <translation>갤러리</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>라이브러리</translation>
    </message>
    <message>
        <source>Wallet</source>
        <translation>지갑</translation>
    </message>
    <message>
        <source>Earnings</source>
        <translation>수익</translation>
    </message>
    <message>
        <source>My node</source>
        <translation>내 노드</translation>
    </message>
    <message>
        <source>Plugins</source>
        <translation>플러그인</translation>
    </message>
    <message>
        <source>Connected to registry</source>
        <translation>레지스트리 연결됨</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>연결 중…</translation>
    </message>
    <message>
        <source>Offline, retrying in {count} s</source>
        <translation>오프라인, {count}초 뒤 재시도</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>오프라인</translation>
    </message>
    <message>
        <source>Settings (Ctrl+,)</source>
        <translation>설정 (Ctrl+,)</translation>
    </message>
</context>
<context>
    <name>NodePage</name>
    <message>
        <source>My node</source>
        <extracomment>Below this the sensors stand under the rest; beside it they take as much as one of the four cards above. Qt&apos;s own word for no limit.</extracomment>
        <translation>내 노드</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>새로 고침</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>실행 중</translation>
    </message>
    <message>
        <source>Delivered</source>
        <translation>전달 완료</translation>
    </message>
    <message>
        <source>Typical time</source>
        <translation>보통 걸리는 시간</translation>
    </message>
    <message>
        <source>Model memory</source>
        <translation>모델 메모리</translation>
    </message>
    <message>
        <source>What it serves</source>
        <translation>제공하는 모델</translation>
    </message>
    <message>
        <source>No node is running here</source>
        <translation>여기서 실행 중인 노드가 없습니다</translation>
    </message>
    <message>
        <source>Nothing answers at {url}. With “artrator node serve” your machine offers your own models and earns credits.</source>
        <translation>{url}에서 응답이 없습니다. ‘artrator node serve’를 실행하면 내 컴퓨터에서 내 모델을 제공하고 크레딧을 벌 수 있습니다.</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>다시 보기</translation>
    </message>
    <message>
        <source>Change the address</source>
        <translation>주소 바꾸기</translation>
    </message>
    <message>
        <source>The node could not be read</source>
        <translation>노드 상태를 읽지 못했습니다</translation>
    </message>
    <message>
        <source>Online · accepting jobs</source>
        <translation>온라인 · 작업 받는 중</translation>
    </message>
    <message>
        <source>Finishing its jobs</source>
        <translation>남은 작업 마무리 중</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>시작하는 중</translation>
    </message>
    <message>
        <source>up {time}</source>
        <translation>{time}째 실행 중</translation>
    </message>
    <message numerus="yes">
        <source>%Ln model(s)</source>
        <translation>
            <numerusform>모델 %Ln개</numerusform>
        </translation>
    </message>
    <message>
        <source>{count} waiting</source>
        <translation>대기 {count}건</translation>
    </message>
    <message>
        <source>{count} failed</source>
        <translation>실패 {count}건</translation>
    </message>
    <message>
        <source>a run, over all models</source>
        <translation>전체 모델의 1회 평균</translation>
    </message>
    <message numerus="yes">
        <source>%Ln receipt(s) waiting for the registry</source>
        <translation>
            <numerusform>레지스트리로 보낼 영수증 %Ln건</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln delivered</source>
        <translation>
            <numerusform>%Ln건 전달</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NodeRules</name>
    <message>
        <source>Paused</source>
        <translation>일시 정지됨</translation>
    </message>
    <message>
        <source>Closed</source>
        <translation>운영 시간 아님</translation>
    </message>
    <message>
        <source>Gives way</source>
        <translation>양보 중</translation>
    </message>
    <message>
        <source>Rests</source>
        <translation>쉬는 중</translation>
    </message>
    <message>
        <source>You paused the node: it takes no jobs.</source>
        <translation>노드를 일시 정지했습니다. 작업을 받지 않습니다.</translation>
    </message>
    <message>
        <source>It is outside the hours that you set.</source>
        <translation>설정한 시간 밖입니다.</translation>
    </message>
    <message>
        <source>Another program goes first.</source>
        <translation>다른 프로그램이 먼저입니다.</translation>
    </message>
    <message>
        <source>It is cooling down.</source>
        <translation>온도가 내려가기를 기다리는 중입니다.</translation>
    </message>
    <message>
        <source>It keeps to your limit of power.</source>
        <translation>설정한 전력 한도를 지키는 중입니다.</translation>
    </message>
    <message>
        <source>The card has no memory to spare.</source>
        <translation>그래픽 카드의 메모리에 여유가 없습니다.</translation>
    </message>
    <message>
        <source>The file with the pause cannot be read; press Resume, and pause again if you want to.</source>
        <translation>일시 정지 파일을 읽을 수 없습니다. ‘다시 시작’을 누르고, 필요하면 다시 일시 정지해 주세요.</translation>
    </message>
    <message>
        <source>It ended a moment ago.</source>
        <translation>조금 전에 끝났습니다.</translation>
    </message>
    <message>
        <source>{program} is running and takes {size} of the card.</source>
        <translation>{program} 실행 중이며 그래픽 카드 메모리를 {size} 쓰고 있습니다.</translation>
    </message>
    <message>
        <source>{program} is running.</source>
        <translation>{program} 실행 중입니다.</translation>
    </message>
    <message>
        <source>At most {limit}; it works again at {again}.</source>
        <translation>한도는 {limit}이며, {again} 이하가 되면 다시 일합니다.</translation>
    </message>
    <message>
        <source>Processor: {value} of at most {limit}; it works again at {again}.</source>
        <translation>프로세서: 현재 {value}, 한도 {limit}. {again} 이하가 되면 다시 일합니다.</translation>
    </message>
    <message>
        <source>Graphics card: {value} of at most {limit}; it works again at {again}.</source>
        <translation>그래픽 카드: 현재 {value}, 한도 {limit}. {again} 이하가 되면 다시 일합니다.</translation>
    </message>
    <message>
        <source>Works {hours} ({timezone})</source>
        <translation>{hours} ({timezone})에 일합니다</translation>
    </message>
    <message>
        <source>Works {hours}</source>
        <translation>{hours}에 일합니다</translation>
    </message>
    <message>
        <source>Gives way to {programs}</source>
        <translation>{programs}에 양보합니다</translation>
    </message>
    <message>
        <source>Gives way to programs that take {value} of a card</source>
        <translation>그래픽 카드 메모리를 {value} 넘게 쓰는 프로그램에 양보합니다</translation>
    </message>
    <message>
        <source>Graphics card at most {value}</source>
        <translation>그래픽 카드 {value} 이하</translation>
    </message>
    <message>
        <source>Processor at most {value}</source>
        <translation>프로세서 {value} 이하</translation>
    </message>
    <message>
        <source>Memory of the card at most {value}</source>
        <translation>그래픽 카드 메모리 {value} 이하</translation>
    </message>
    <message>
        <source>Sends at most {value}</source>
        <translation>보내기 {value} 이하</translation>
    </message>
    <message>
        <source>Receives at most {value}</source>
        <translation>받기 {value} 이하</translation>
    </message>
    <message>
        <source>Mon</source>
        <translation>월</translation>
    </message>
    <message>
        <source>Tue</source>
        <translation>화</translation>
    </message>
    <message>
        <source>Wed</source>
        <translation>수</translation>
    </message>
    <message>
        <source>Thu</source>
        <translation>목</translation>
    </message>
    <message>
        <source>Fri</source>
        <translation>금</translation>
    </message>
    <message>
        <source>Sat</source>
        <translation>토</translation>
    </message>
    <message>
        <source>Sun</source>
        <translation>일</translation>
    </message>
</context>
<context>
    <name>NodeState</name>
    <message>
        <source>Warm</source>
        <translation>준비됨</translation>
    </message>
    <message>
        <source>Warming up</source>
        <translation>준비 중</translation>
    </message>
    <message>
        <source>Cold start</source>
        <translation>첫 실행 느림</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>오프라인</translation>
    </message>
</context>
<context>
    <name>OnboardingPage</name>
    <message>
        <source>Language</source>
        <translation>언어</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>뒤로</translation>
    </message>
    <message>
        <source>Registry address</source>
        <translation>레지스트리 주소</translation>
    </message>
    <message>
        <source>You get it from the people who run your community.</source>
        <translation>커뮤니티 운영자에게서 받을 수 있습니다.</translation>
    </message>
    <message>
        <source>{path} does not name it any more. Your key is untouched.</source>
        <translation>{path}에 더 이상 주소가 없습니다. 키는 그대로 있습니다.</translation>
    </message>
    <message>
        <source>Which registry do you use?</source>
        <translation>어느 레지스트리를 쓰시나요?</translation>
    </message>
    <message>
        <source>A registry keeps accounts, listings and credits. What you make goes straight to the creator’s machine: the registry never sees it.</source>
        <translation>레지스트리는 계정, 모델 목록, 크레딧만 맡습니다. 만드는 내용은 작가의 컴퓨터로 바로 가며 레지스트리는 볼 수 없습니다.</translation>
    </message>
    <message>
        <source>Make a new key</source>
        <translation>새 키 만들기</translation>
    </message>
    <message>
        <source>Use the key that is here</source>
        <translation>이 컴퓨터의 키 사용</translation>
    </message>
    <message>
        <source>Use my key file</source>
        <translation>내 키 파일 쓰기</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>키</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>파일 고르기…</translation>
    </message>
    <message>
        <source>It will be kept in {folder}</source>
        <translation>보관 위치: {folder}</translation>
    </message>
    <message>
        <source>It is kept in {folder}</source>
        <translation>보관 위치: {folder}</translation>
    </message>
    <message>
        <source>Your key is your account</source>
        <translation>키가 곧 계정입니다</translation>
    </message>
    <message>
        <source>No password, no e-mail: a key on this computer signs for you. Keep a copy of its file.</source>
        <translation>비밀번호도 이메일도 없습니다. 이 컴퓨터의 키가 대신 서명합니다. 키 파일의 사본을 꼭 보관하세요.</translation>
    </message>
    <message>
        <source>For example: Ha-eun</source>
        <translation>예: 하은</translation>
    </message>
    <message>
        <source>Display name</source>
        <translation>표시 이름</translation>
    </message>
    <message>
        <source>Creators see it on your orders. Any name will do.</source>
        <translation>주문할 때 작가에게 보이는 이름입니다. 아무 이름이나 괜찮습니다.</translation>
    </message>
    <message>
        <source>What shall we call you?</source>
        <translation>어떻게 불러 드릴까요?</translation>
    </message>
    <message>
        <source>Almost there.</source>
        <translation>거의 다 됐습니다.</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>시작</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속</translation>
    </message>
    <message>
        <source>Choose the file of your key first, or make a new one.</source>
        <translation>키 파일을 먼저 고르거나 새로 만드세요.</translation>
    </message>
    <message>
        <source>Type a name first.</source>
        <translation>이름을 먼저 입력하세요.</translation>
    </message>
    <message>
        <source>An address begins with https:// or http://.</source>
        <translation>주소는 https:// 또는 http://로 시작해야 합니다.</translation>
    </message>
    <message>
        <source>Your key file</source>
        <translation>내 키 파일</translation>
    </message>
    <message>
        <source>Keys (*.pem)</source>
        <translation>키 (*.pem)</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>연결 중…</translation>
    </message>
    <message>
        <source>Welcome, {name}.</source>
        <translation>{name} 님, 반갑습니다.</translation>
    </message>
</context>
<context>
    <name>OrderSheet</name>
    <message>
        <source>Order</source>
        <translation>주문</translation>
    </message>
    <message>
        <source>The registry does not answer for this order just now.</source>
        <translation>지금은 레지스트리가 이 주문에 답하지 않습니다.</translation>
    </message>
    <message>
        <source>Something is wrong…</source>
        <translation>문제가 있어요…</translation>
    </message>
    <message>
        <source>Open the model</source>
        <translation>모델 열기</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>See the dispute</source>
        <translation>분쟁 보기</translation>
    </message>
    <message>
        <source>on its way</source>
        <translation>진행 중</translation>
    </message>
    <message>
        <source>delivered, waiting for your answer</source>
        <translation>도착함, 응답 대기 중</translation>
    </message>
    <message>
        <source>delivered and paid</source>
        <translation>도착하고 지불됨</translation>
    </message>
    <message>
        <source>nothing was charged</source>
        <translation>청구되지 않음</translation>
    </message>
    <message>
        <source>disputed</source>
        <translation>분쟁 중</translation>
    </message>
    <message>
        <source>refunded</source>
        <translation>환불됨</translation>
    </message>
    <message>
        <source>credits</source>
        <translation>크레딧</translation>
    </message>
    <message>
        <source>your pass</source>
        <translation>내 패스</translation>
    </message>
    <message>
        <source>a free run</source>
        <translation>무료 실행</translation>
    </message>
    <message>
        <source>nothing: your own model</source>
        <translation>무료: 내 모델</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>State</source>
        <translation>상태</translation>
    </message>
    <message>
        <source>Paid with</source>
        <translation>지불 수단</translation>
    </message>
    <message>
        <source>At most</source>
        <translation>최대</translation>
    </message>
    <message>
        <source>Charged</source>
        <translation>청구액</translation>
    </message>
    <message>
        <source>Given back</source>
        <translation>돌려받음</translation>
    </message>
    <message>
        <source>Ordered</source>
        <translation>주문일</translation>
    </message>
    <message>
        <source>Package</source>
        <translation>패키지</translation>
    </message>
</context>
<context>
    <name>PassCard</name>
    <message>
        <source>In force</source>
        <translation>이용 중</translation>
    </message>
    <message>
        <source>Ended</source>
        <translation>끝남</translation>
    </message>
    <message>
        <source>Refunded</source>
        <translation>환불됨</translation>
    </message>
    <message>
        <source>Not renewed: too few credits</source>
        <translation>갱신 안 됨: 크레딧 부족</translation>
    </message>
    <message>
        <source>{creator} · covers {what}</source>
        <translation>{creator} · 적용 대상: {what}</translation>
    </message>
    <message>
        <source>Renew by itself</source>
        <translation>자동 갱신</translation>
    </message>
    <message>
        <source>Renew {title} by itself</source>
        <translation>{title} 자동 갱신</translation>
    </message>
    <message>
        <source>Buy again · {amount}</source>
        <translation>다시 구매 · {amount}</translation>
    </message>
    <message>
        <source>Ended on {day}</source>
        <translation>{day}에 끝남</translation>
    </message>
    <message>
        <source>Renews on {day} through {rail}</source>
        <translation>{day} 갱신, 결제 방법: {rail}</translation>
    </message>
    <message>
        <source>Renews on {day} for {amount}</source>
        <translation>{day}에 {amount}으로 갱신</translation>
    </message>
    <message>
        <source>Ends on {day}</source>
        <translation>{day}에 끝남</translation>
    </message>
</context>
<context>
    <name>Passes</name>
    <message>
        <source>everything of its creator, also what is yet to come</source>
        <translation>이 작가의 모든 모델, 앞으로 나올 것도</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names} 외 {count}개</translation>
    </message>
    <message>
        <source>If nothing was delivered in a period, its whole price comes back when it ends.</source>
        <translation>한 기간 동안 아무것도 받지 않았다면 기간이 끝날 때 값 전부가 돌아옵니다.</translation>
    </message>
</context>
<context>
    <name>PauseButton</name>
    <message>
        <source>Pause</source>
        <translation>일시 정지</translation>
    </message>
    <message>
        <source>How long to pause</source>
        <translation>일시 정지할 시간</translation>
    </message>
    <message>
        <source>For an hour</source>
        <translation>한 시간 동안</translation>
    </message>
    <message>
        <source>For eight hours</source>
        <translation>여덟 시간 동안</translation>
    </message>
    <message>
        <source>Until I resume</source>
        <translation>다시 시작할 때까지</translation>
    </message>
    <message>
        <source>At once: running jobs go back into the queue</source>
        <translation>지금 바로: 실행 중인 작업은 대기열로 돌아갑니다</translation>
    </message>
</context>
<context>
    <name>Pay</name>
    <message>
        <source>{count} covered, then up to {amount}</source>
        <translation>{count}회 포함, 나머지 최대 {amount}</translation>
    </message>
    <message>
        <source>free, on this computer</source>
        <translation>무료, 이 컴퓨터에서</translation>
    </message>
    <message>
        <source>free: your own model</source>
        <translation>무료: 내 모델</translation>
    </message>
    <message>
        <source>free ({count} left today)</source>
        <translation>무료 (오늘 {count}회 남음)</translation>
    </message>
    <message>
        <source>in your pass (about {count} left)</source>
        <translation>패스에 포함 (약 {count}장 남음)</translation>
    </message>
    <message>
        <source>up to {amount}</source>
        <translation>최대 {amount}</translation>
    </message>
    <message>
        <source>Then {amount} a run</source>
        <translation>그 뒤로는 실행당 {amount}</translation>
    </message>
</context>
<context>
    <name>PayoutSheet</name>
    <message>
        <source>How to be paid</source>
        <translation>지급 방법</translation>
    </message>
    <message>
        <source>Ask for it</source>
        <translation>요청하기</translation>
    </message>
    <message>
        <source>At least {amount}.</source>
        <translation>최소 {amount}.</translation>
    </message>
    <message>
        <source>About {money} arrive.</source>
        <translation>받는 금액: 약 {money}.</translation>
    </message>
</context>
<context>
    <name>Payouts</name>
    <message>
        <source>Paid in {currency}.</source>
        <translation>지급 통화: {currency}.</translation>
    </message>
    <message>
        <source>By the registry’s operator</source>
        <translation>레지스트리 운영자가</translation>
    </message>
    <message>
        <source>Paid by hand, by bank transfer.</source>
        <translation>운영자가 은행 송금으로 지급합니다.</translation>
    </message>
    <message>
        <source>Lightning address</source>
        <translation>라이트닝 주소</translation>
    </message>
    <message>
        <source>Connected account</source>
        <translation>연결된 계정</translation>
    </message>
    <message>
        <source>Bank, account number and its holder</source>
        <translation>은행, 계좌번호, 예금주</translation>
    </message>
    <message>
        <source>Bank 123-456-789, Kim</source>
        <translation>은행 123-456-789, 김하은</translation>
    </message>
    <message>
        <source>Move to the wallet</source>
        <translation>지갑으로 옮기기</translation>
    </message>
    <message>
        <source>Credits in the wallet can be spent, and not be paid out any more.</source>
        <translation>지갑의 크레딧은 쓸 수 있지만 더는 지급받을 수 없습니다.</translation>
    </message>
    <message>
        <source>Ask for a payout</source>
        <translation>지급 요청</translation>
    </message>
</context>
<context>
    <name>PictureActions</name>
    <message>
        <source>Save as…</source>
        <translation>다른 이름으로 저장…</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>복사</translation>
    </message>
    <message>
        <source>Show file</source>
        <translation>파일 보기</translation>
    </message>
    <message>
        <source>Send to…</source>
        <translation>보내기…</translation>
    </message>
    <message>
        <source>Models that take a picture</source>
        <translation>그림을 받는 모델</translation>
    </message>
    <message>
        <source>Upscale with…</source>
        <translation>확대하기…</translation>
    </message>
    <message>
        <source>Save picture</source>
        <translation>그림 저장</translation>
    </message>
    <message>
        <source>It could not be saved: {reason}.</source>
        <translation>저장하지 못했습니다: {reason}.</translation>
    </message>
    <message>
        <source>Saved as {name}.</source>
        <translation>저장했습니다: {name}.</translation>
    </message>
    <message>
        <source>The file is gone, damaged or too large to be copied.</source>
        <translation>파일이 없거나, 손상되었거나, 복사하기에 너무 큽니다.</translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation>복사했습니다.</translation>
    </message>
</context>
<context>
    <name>PlanCard</name>
    <message numerus="yes">
        <source>{amount} for %Ln day(s)</source>
        <translation>
            <numerusform>%Ln일에 {amount}</numerusform>
        </translation>
    </message>
    <message>
        <source>Runs worth {amount}</source>
        <translation>{amount}어치 실행</translation>
    </message>
    <message numerus="yes">
        <source>about %Ln run(s) of this model</source>
        <translation>
            <numerusform>이 모델로 약 %Ln회</numerusform>
        </translation>
    </message>
    <message>
        <source>Covers {what}.</source>
        <translation>적용 대상: {what}.</translation>
    </message>
    <message>
        <source>renews on {day}</source>
        <translation>{day}에 갱신</translation>
    </message>
    <message>
        <source>ends on {day}</source>
        <translation>{day}에 끝남</translation>
    </message>
    <message>
        <source>Buy this pass · {amount}</source>
        <translation>이 패스 구매 · {amount}</translation>
    </message>
</context>
<context>
    <name>PluginWords</name>
    <message>
        <source>Backend: any single-graph ONNX package.</source>
        <translation>백엔드: 그래프 하나로 된 모든 ONNX 패키지.</translation>
    </message>
    <message>
        <source>Backend: diffusion and flow-matching sampling in steps, without torch.</source>
        <translation>백엔드: 여러 단계로 그리는 디퓨전과 플로 매칭. torch가 필요 없습니다.</translation>
    </message>
    <message>
        <source>Backend: example-based image synthesis by guided patch matching.</source>
        <translation>백엔드: 본보기 그림의 조각을 맞춰 그리는 이미지 합성.</translation>
    </message>
    <message>
        <source>Backend: tones a picture in sepia.</source>
        <translation>백엔드: 그림을 세피아 색으로 바꿉니다.</translation>
    </message>
    <message>
        <source>To run graphs with onnxruntime on a graphics card, where the node is set to use one.</source>
        <translation>노드가 그래픽카드를 쓰도록 설정된 경우, onnxruntime으로 그래픽카드에서 실행하려고 합니다.</translation>
    </message>
    <message>
        <source>To search on an NVIDIA card, where the node is set to one and the extra gpu is installed.</source>
        <translation>노드가 NVIDIA 카드를 쓰도록 설정되고 추가 구성 gpu가 설치된 경우, 그 카드에서 계산하려고 합니다.</translation>
    </message>
</context>
<context>
    <name>PluginsPage</name>
    <message>
        <source>Plugins</source>
        <translation>플러그인</translation>
    </message>
    <message>
        <source>Backends run models on a node, each in a process of its own.</source>
        <translation>백엔드는 노드에서 모델을 실행하며, 저마다 따로 된 프로세스에서 돕니다.</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>다시 보기</translation>
    </message>
    <message>
        <source>The plugins could not be listed</source>
        <translation>플러그인 목록을 읽지 못했습니다</translation>
    </message>
    <message>
        <source>No plugin is installed</source>
        <translation>설치된 플러그인이 없습니다</translation>
    </message>
    <message>
        <source>Buying needs none. A node gets one with “artrator plugins install NAME”.</source>
        <translation>구매에는 필요 없습니다. 노드에는 ‘artrator plugins install NAME’으로 설치합니다.</translation>
    </message>
    <message>
        <source>Built in</source>
        <translation>기본 제공</translation>
    </message>
    <message>
        <source>Environment of its own</source>
        <translation>독립 환경</translation>
    </message>
    <message>
        <source>Broken</source>
        <translation>고장</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>사용 가능</translation>
    </message>
    <message>
        <source>network</source>
        <translation>네트워크</translation>
    </message>
    <message>
        <source>GPU</source>
        <translation>GPU</translation>
    </message>
    <message>
        <source>a folder of its own</source>
        <translation>전용 폴더</translation>
    </message>
    <message>
        <source>may use: {what}</source>
        <translation>허용됨: {what}</translation>
    </message>
    <message>
        <source>asks for: {what}</source>
        <translation>요청함: {what}</translation>
    </message>
</context>
<context>
    <name>PriceFooter</name>
    <message>
        <source>Number of pictures</source>
        <translation>그림 수</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>장수</translation>
    </message>
    <message>
        <source>Run on this computer</source>
        <translation>이 컴퓨터에서 실행</translation>
    </message>
    <message>
        <source>Top up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>Held until delivered</source>
        <translation>전달될 때까지 보관</translation>
    </message>
    <message>
        <source>Generate</source>
        <translation>만들기</translation>
    </message>
    <message>
        <source>Nothing is held</source>
        <translation>보관되는 금액 없음</translation>
    </message>
    <message>
        <source>Generate {count} images</source>
        <translation>{count}장 만들기</translation>
    </message>
    <message>
        <source>Your own copy of the model; nothing leaves this computer.</source>
        <translation>내 모델 사본으로 실행합니다. 아무것도 이 컴퓨터를 떠나지 않습니다.</translation>
    </message>
    <message>
        <source>The price depends on the picture.</source>
        <translation>가격은 그림에 따라 달라집니다.</translation>
    </message>
    <message>
        <source>Asking who can make it…</source>
        <translation>만들 수 있는 노드를 찾는 중…</translation>
    </message>
    <message>
        <source>About {time}</source>
        <translation>약 {time}</translation>
    </message>
    <message>
        <source>{name} and {count} more</source>
        <translation>{name} 외 {count}대</translation>
    </message>
    <message>
        <source>warm</source>
        <translation>준비됨</translation>
    </message>
    <message>
        <source>cold start</source>
        <translation>첫 실행 느림</translation>
    </message>
    <message>
        <source>warming up</source>
        <translation>준비 중</translation>
    </message>
    <message>
        <source>offline</source>
        <translation>오프라인</translation>
    </message>
    <message>
        <source>You have {amount}.</source>
        <translation>잔액은 {amount}입니다.</translation>
    </message>
    <message>
        <source>Top up or choose less.</source>
        <translation>충전하거나 더 적게 고르세요.</translation>
    </message>
</context>
<context>
    <name>Problem</name>
    <message>
        <source>This is needed.</source>
        <translation>꼭 필요합니다.</translation>
    </message>
    <message>
        <source>Shorten it to {bound} characters; it has {found}.</source>
        <translation>{bound}자로 줄이세요. 지금 {found}자입니다.</translation>
    </message>
    <message>
        <source>Give at least {bound}.</source>
        <translation>{bound} 이상이어야 합니다.</translation>
    </message>
    <message>
        <source>Give at most {bound}.</source>
        <translation>{bound} 이하여야 합니다.</translation>
    </message>
    <message>
        <source>Give a multiple of {bound}.</source>
        <translation>{bound}의 배수여야 합니다.</translation>
    </message>
    <message>
        <source>Choose one of the list.</source>
        <translation>목록에서 고르세요.</translation>
    </message>
    <message>
        <source>Give at most {bound} pictures.</source>
        <translation>그림은 최대 {bound}장입니다.</translation>
    </message>
    <message>
        <source>Too small: its shorter side has {found} px, the model needs {bound}.</source>
        <translation>너무 작습니다. 짧은 변이 {found}px인데 {bound}px 이상이어야 합니다.</translation>
    </message>
    <message>
        <source>Too large: its longer side has {found} px, the model takes {bound}.</source>
        <translation>너무 큽니다. 긴 변이 {found}px인데 {bound}px까지 됩니다.</translation>
    </message>
    <message>
        <source>Too large: it has {found} pixels, the model takes {bound}.</source>
        <translation>너무 큽니다. {found}픽셀인데 {bound}픽셀까지 됩니다.</translation>
    </message>
    <message>
        <source>Too much: {found} pixels together, the model takes {bound}.</source>
        <translation>너무 많습니다: 모두 합쳐 {found}화소이고, 모델은 {bound}화소까지 받습니다.</translation>
    </message>
    <message>
        <source>The file is larger than 64 MB.</source>
        <translation>파일이 64MB보다 큽니다.</translation>
    </message>
    <message>
        <source>Too large to be opened: make it smaller than {bound} pixels.</source>
        <translation>열기에는 너무 큽니다. {bound}픽셀보다 작게 줄이세요.</translation>
    </message>
    <message>
        <source>Not of the same size as the others: {found} px wide instead of {bound}.</source>
        <translation>다른 그림과 크기가 다릅니다: 너비 {found} px, 필요한 너비 {bound} px.</translation>
    </message>
    <message>
        <source>Give one frame number for each keyframe, from 1 to {bound}.</source>
        <translation>키프레임마다 1부터 {bound} 사이의 프레임 번호를 하나씩 적으세요.</translation>
    </message>
    <message>
        <source>{found} of {bound} files are no PNG, JPEG or WebP pictures.</source>
        <translation>파일 {bound}개 중 {found}개는 PNG, JPEG, WebP 그림이 아닙니다.</translation>
    </message>
    <message>
        <source>The model takes {bound}; left out: {found}.</source>
        <translation>이 모델은 {bound}장까지 받습니다. {found}장은 뺐습니다.</translation>
    </message>
    <message>
        <source>This is not a whole PNG, JPEG or WebP picture.</source>
        <translation>온전한 PNG, JPEG, WebP 그림이 아닙니다.</translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message>
        <source>Nothing is on its way.</source>
        <translation>진행 중인 작업이 없습니다.</translation>
    </message>
    <message>
        <source>Gallery</source>
        <translation>갤러리</translation>
    </message>
    <message>
        <source>Drop an image here to reuse its settings</source>
        <translation>그림을 놓으면 그 설정을 다시 씁니다</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>대기열</translation>
    </message>
    <message>
        <source>Run them</source>
        <translation>실행</translation>
    </message>
    <message>
        <source>Forget them</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Just made</source>
        <translation>방금 만든 그림</translation>
    </message>
    <message numerus="yes">
        <source>%Ln job(s) waited here when Artrator ended. Nothing was held for them.</source>
        <translation>
            <numerusform>Artrator가 끝날 때 작업 %Ln개가 여기서 기다리고 있었습니다. 보관된 금액은 없습니다.</numerusform>
        </translation>
    </message>
    <message>
        <source>Together they cost up to {amount}.</source>
        <translation>모두 합쳐 최대 {amount}입니다.</translation>
    </message>
    <message numerus="yes">
        <source>and %Ln more</source>
        <translation>
            <numerusform>외 %Ln건</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Receipt</name>
    <message>
        <source>The creator vouches for the node</source>
        <translation>작가가 이 노드를 보증합니다</translation>
    </message>
    <message>
        <source>The node signed the receipt for this order</source>
        <translation>노드가 이 주문의 영수증에 서명했습니다</translation>
    </message>
    <message>
        <source>It was made by exactly the model that was bought</source>
        <translation>구매한 바로 그 모델로 만들었습니다</translation>
    </message>
    <message>
        <source>The picture on this computer is the one that was delivered</source>
        <translation>이 컴퓨터의 그림이 전달된 그림과 같습니다</translation>
    </message>
    <message>
        <source>Your own signature says that it arrived whole</source>
        <translation>온전히 도착했다고 직접 서명했습니다</translation>
    </message>
    <message>
        <source>Made on this computer</source>
        <translation>이 컴퓨터에서 만듦</translation>
    </message>
    <message>
        <source>The file was changed since it was made</source>
        <translation>만든 뒤에 파일이 바뀌었습니다</translation>
    </message>
    <message>
        <source>Receipt verified</source>
        <translation>영수증 확인됨</translation>
    </message>
    <message>
        <source>The receipt does not hold</source>
        <translation>영수증이 맞지 않습니다</translation>
    </message>
</context>
<context>
    <name>ReceiptDialog</name>
    <message>
        <source>Receipt</source>
        <translation>영수증</translation>
    </message>
    <message>
        <source>Record of the run</source>
        <translation>실행 기록</translation>
    </message>
    <message>
        <source>What the node signed</source>
        <translation>노드가 서명한 내용</translation>
    </message>
    <message>
        <source>What was run</source>
        <translation>실행한 내용</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>복사</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
</context>
<context>
    <name>ReceiptStrip</name>
    <message>
        <source>Details</source>
        <translation>자세히</translation>
    </message>
    <message>
        <source>Checking the receipt…</source>
        <translation>영수증 확인 중…</translation>
    </message>
</context>
<context>
    <name>ResumeButton</name>
    <message>
        <source>Resume</source>
        <translation>다시 시작</translation>
    </message>
</context>
<context>
    <name>RulesCard</name>
    <message>
        <source>Your rules</source>
        <translation>내 규칙</translation>
    </message>
    <message>
        <source>opens {time}</source>
        <translation>{time}에 열립니다</translation>
    </message>
    <message>
        <source>closes {time}</source>
        <translation>{time}에 닫힙니다</translation>
    </message>
</context>
<context>
    <name>RunBar</name>
    <message>
        <source>Settings</source>
        <translation>설정</translation>
    </message>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln프레임</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Run %Ln frame(s)</source>
        <translation>
            <numerusform>%Ln프레임 만들기</numerusform>
        </translation>
    </message>
    <message>
        <source>Paint it</source>
        <translation>칠하기</translation>
    </message>
    <message>
        <source>Preview frame {number}</source>
        <translation>{number}번 프레임 미리보기</translation>
    </message>
    <message>
        <source>Run on this computer</source>
        <translation>이 컴퓨터에서 실행</translation>
    </message>
    <message>
        <source>With the model that you keep: nothing is sent, nothing is paid.</source>
        <translation>소장한 모델로 실행합니다. 아무것도 보내지 않고 비용도 없습니다.</translation>
    </message>
    <message>
        <source>Asking who can make it…</source>
        <translation>만들 수 있는 곳을 찾는 중…</translation>
    </message>
    <message>
        <source>The price follows once the pictures are there.</source>
        <translation>그림을 넣으면 가격이 나옵니다.</translation>
    </message>
    <message>
        <source>You have {amount}. Top up, or take fewer frames.</source>
        <translation>잔액은 {amount}입니다. 충전하거나 프레임 수를 줄이세요.</translation>
    </message>
    <message>
        <source>{amount} per frame</source>
        <translation>프레임당 {amount}</translation>
    </message>
    <message>
        <source>{amount} held until delivered</source>
        <translation>받을 때까지 {amount} 보관</translation>
    </message>
    <message>
        <source>about {time}</source>
        <translation>약 {time}</translation>
    </message>
</context>
<context>
    <name>ScheduleSheet</name>
    <message>
        <source>Payout schedule</source>
        <translation>지급 일정</translation>
    </message>
    <message>
        <source>What is available then is asked for by itself.</source>
        <translation>그때 사용 가능한 금액을 자동으로 요청합니다.</translation>
    </message>
    <message>
        <source>By hand</source>
        <translation>직접</translation>
    </message>
    <message>
        <source>Mondays</source>
        <translation>매주 월요일</translation>
    </message>
    <message>
        <source>Each first</source>
        <translation>매월 1일</translation>
    </message>
    <message>
        <source>How often</source>
        <translation>얼마나 자주</translation>
    </message>
    <message>
        <source>How to be paid</source>
        <translation>지급 방법</translation>
    </message>
    <message>
        <source>Not below, in credits</source>
        <translation>최소 금액 (크레딧)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>저장</translation>
    </message>
</context>
<context>
    <name>SeedInput</name>
    <message>
        <source>Random</source>
        <extracomment>A slider with more stops than its pixels cannot be set exactly; such a number is typed. A number without a step of its own moves in this many. Numbers side by side: more would be too narrow to hit. What they may take together in the form of a small window, in pixels, and what a digit and the space around take.</extracomment>
        <translation>무작위</translation>
    </message>
    <message>
        <source>Keep this number</source>
        <translation>이 숫자 유지</translation>
    </message>
    <message>
        <source>Draw a number and keep it</source>
        <translation>숫자를 뽑아 유지</translation>
    </message>
    <message>
        <source>Random, last {seed}</source>
        <translation>무작위, 지난번 {seed}</translation>
    </message>
    <message>
        <source>Give a whole number, or leave it empty.</source>
        <translation>정수를 넣거나 비워 두세요.</translation>
    </message>
</context>
<context>
    <name>Seller</name>
    <message>
        <source>Not filled in</source>
        <extracomment>ISO 3166 alpha-2, those with a tax rule we know or many people first; any other can be typed.</extracomment>
        <translation>미작성</translation>
    </message>
    <message>
        <source>Being checked</source>
        <translation>확인 중</translation>
    </message>
    <message>
        <source>Verified</source>
        <translation>확인됨</translation>
    </message>
    <message>
        <source>Sent back</source>
        <translation>반려됨</translation>
    </message>
</context>
<context>
    <name>SellerSheet</name>
    <message>
        <source>Who sells</source>
        <translation>판매자 정보</translation>
    </message>
    <message>
        <source>Only the registry’s operator sees this. Selling models to keep opens once it was checked.</source>
        <translation>레지스트리 운영자만 볼 수 있습니다. 확인이 끝나면 모델을 소장용으로 팔 수 있습니다.</translation>
    </message>
    <message>
        <source>Legal name</source>
        <translation>법적 이름</translation>
    </message>
    <message>
        <source>Represented by</source>
        <translation>대표자</translation>
    </message>
    <message>
        <source>Country</source>
        <translation>국가</translation>
    </message>
    <message>
        <source>Business registration number</source>
        <translation>사업자등록번호</translation>
    </message>
    <message>
        <source>My prices contain VAT that I declare</source>
        <translation>내 가격에는 내가 신고하는 부가세가 들어 있습니다</translation>
    </message>
    <message>
        <source>VAT number</source>
        <translation>부가세 번호</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>주소</translation>
    </message>
    <message>
        <source>E-mail for invoices</source>
        <translation>계산서용 이메일</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Send for checking</source>
        <translation>확인 요청</translation>
    </message>
    <message>
        <source>This is no business registration number: its last digit does not fit.</source>
        <translation>올바른 사업자등록번호가 아닙니다. 끝자리가 맞지 않습니다.</translation>
    </message>
    <message>
        <source>This is no e-mail address.</source>
        <translation>올바른 이메일 주소가 아닙니다.</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>System</source>
        <translation>시스템</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>언어</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>어둡게</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>밝게</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>테마</translation>
    </message>
    <message>
        <source>Registry address</source>
        <translation>레지스트리 주소</translation>
    </message>
    <message>
        <source>Node address</source>
        <translation>노드 주소</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>연결</translation>
    </message>
    <message>
        <source>The fingerprint of your key</source>
        <translation>내 키의 지문</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>설정</translation>
    </message>
    <message>
        <source>Every change takes effect at once.</source>
        <translation>바꾸면 바로 적용됩니다.</translation>
    </message>
    <message>
        <source>Connected to {name}, version {version}</source>
        <translation>{name}에 연결됨, 버전 {version}</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>연결 중…</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>연결되지 않음</translation>
    </message>
    <message>
        <source>Not signed in</source>
        <translation>로그인하지 않음</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>화면</translation>
    </message>
    <message>
        <source>Pages are drawn anew; nothing you typed is lost.</source>
        <translation>화면을 다시 그립니다. 입력한 내용은 그대로입니다.</translation>
    </message>
    <message>
        <source>System follows your desktop.</source>
        <translation>시스템을 고르면 데스크톱 설정을 따릅니다.</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>네트워크</translation>
    </message>
    <message>
        <source>It keeps accounts, listings and credits; it never sees what you make.</source>
        <translation>계정, 모델 목록, 크레딧을 맡습니다. 만드는 내용은 볼 수 없습니다.</translation>
    </message>
    <message>
        <source>Registry</source>
        <translation>레지스트리</translation>
    </message>
    <message>
        <source>The node of your own that My node watches.</source>
        <translation>‘내 노드’에서 살펴볼 내 노드입니다.</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>노드</translation>
    </message>
    <message>
        <source>You</source>
        <translation>나</translation>
    </message>
    <message>
        <source>Copy the fingerprint of your key</source>
        <translation>내 키의 지문 복사</translation>
    </message>
    <message>
        <source>Your account is your key. Keep a copy of identity.pem from the data folder: who has it is you.</source>
        <translation>키가 곧 계정입니다. 데이터 폴더의 identity.pem 사본을 보관하세요. 이 파일을 가진 사람이 바로 당신입니다.</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>폴더</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>그림</translation>
    </message>
    <message>
        <source>Keys, settings and history</source>
        <translation>키, 설정, 기록</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>열기</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>바꾸기…</translation>
    </message>
    <message>
        <source>An address begins with https:// or http://.</source>
        <translation>주소는 https:// 또는 http://로 시작해야 합니다.</translation>
    </message>
    <message>
        <source>Where shall finished pictures go?</source>
        <translation>완성된 그림을 어디에 둘까요?</translation>
    </message>
    <message>
        <source>The fingerprint of your key was copied.</source>
        <translation>내 키의 지문을 복사했습니다.</translation>
    </message>
</context>
<context>
    <name>Shell</name>
    <message>
        <source>This page could not be opened</source>
        <translation>이 화면을 열 수 없습니다</translation>
    </message>
    <message>
        <source>The reason is in the log. The other pages go on working.</source>
        <translation>까닭은 로그에 있습니다. 다른 화면은 그대로 쓸 수 있습니다.</translation>
    </message>
</context>
<context>
    <name>SlotCard</name>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln프레임</numerusform>
        </translation>
    </message>
    <message>
        <source>The right size: {size}</source>
        <translation>크기가 맞습니다: {size}</translation>
    </message>
    <message>
        <source>Optional. {help}</source>
        <translation>선택 사항. {help}</translation>
    </message>
</context>
<context>
    <name>Split</name>
    <message>
        <source>{share} {who}</source>
        <translation>{who} {share}</translation>
    </message>
    <message>
        <source>creator</source>
        <translation>작가</translation>
    </message>
    <message>
        <source>registry</source>
        <translation>레지스트리</translation>
    </message>
    <message>
        <source>royalty</source>
        <translation>로열티</translation>
    </message>
    <message>
        <source>To its creator, {name}</source>
        <translation>작가 {name}에게</translation>
    </message>
    <message>
        <source>To the registry, {name}</source>
        <translation>레지스트리 {name}에</translation>
    </message>
    <message>
        <source>Royalty for {listing}</source>
        <translation>{listing} 로열티</translation>
    </message>
</context>
<context>
    <name>Stage</name>
    <message>
        <source>Compare</source>
        <extracomment>Two frames of a 60 Hz screen. Words and buttons do not fit side by side below this width.</extracomment>
        <translation>비교</translation>
    </message>
    <message>
        <source>Reuse settings</source>
        <translation>설정 다시 쓰기</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>진행률</translation>
    </message>
    <message>
        <source>Before and after</source>
        <translation>전과 후</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>크기</translation>
    </message>
    <message>
        <source>Node {name} · {time} · paid {amount}</source>
        <translation>노드 {name} · {time} · {amount} 결제</translation>
    </message>
    <message>
        <source>Preview · step {done} / {total}</source>
        <translation>미리보기 · {done} / {total}단계</translation>
    </message>
    <message>
        <source>Sample</source>
        <translation>예시</translation>
    </message>
    <message>
        <source>The picture it was made from is not there any more.</source>
        <translation>원본 그림이 더 이상 없습니다.</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>전</translation>
    </message>
    <message>
        <source>After</source>
        <translation>후</translation>
    </message>
</context>
<context>
    <name>Start</name>
    <message>
        <source>Artrator is open with this profile already, and does not answer.</source>
        <translation>이 프로필로 이미 열려 있는 Artrator가 응답하지 않습니다.</translation>
    </message>
    <message>
        <source>End it first. If there is none, delete {path}.</source>
        <translation>먼저 종료해 주세요. 열려 있지 않다면 {path} 파일을 지우세요.</translation>
    </message>
    <message>
        <source>Artrator cannot write in its folder {folder}: {reason}.</source>
        <translation>Artrator가 폴더 {folder}에 쓸 수 없습니다: {reason}.</translation>
    </message>
    <message>
        <source>There is a folder in the place of {path}. Move it away, then start again.</source>
        <translation>{path} 자리에 폴더가 있습니다. 다른 곳으로 옮긴 뒤 다시 시작하세요.</translation>
    </message>
    <message>
        <source>Artrator may not read {path}. Give yourself the right to read and write it.</source>
        <translation>Artrator에 이 파일을 읽을 권한이 없습니다: {path}. 읽고 쓸 수 있는 권한을 주세요.</translation>
    </message>
    <message>
        <source>The database in {folder} was written by a newer version of Artrator, and was not touched. Start that version again.</source>
        <translation>{folder}의 데이터베이스는 더 새로운 버전의 Artrator가 만든 것이라 건드리지 않았습니다. 그 버전을 다시 실행하세요.</translation>
    </message>
    <message>
        <source>Artrator’s database in {folder} cannot be used: {reason}. Look whether you may read and write it, whether the disk is full, and whether another program has it open.</source>
        <translation>{folder}의 Artrator 데이터베이스를 사용할 수 없습니다: {reason}. 읽고 쓸 권한이 있는지, 디스크가 가득 차지 않았는지, 다른 프로그램이 열고 있지 않은지 확인하세요.</translation>
    </message>
</context>
<context>
    <name>StatementRow</name>
    <message>
        <source>Balance after it: {amount}</source>
        <translation>이후 잔액: {amount}</translation>
    </message>
    <message>
        <source>Pass</source>
        <translation>패스</translation>
    </message>
    <message>
        <source>Credits granted</source>
        <translation>지급받은 크레딧</translation>
    </message>
    <message>
        <source>Voucher</source>
        <translation>이용권</translation>
    </message>
    <message>
        <source>Top-up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>From your earnings</source>
        <translation>수익에서</translation>
    </message>
    <message>
        <source>Payout</source>
        <translation>지급</translation>
    </message>
    <message>
        <source>Top-up taken back</source>
        <translation>충전 취소됨</translation>
    </message>
    <message>
        <source>Debt settled</source>
        <translation>빚 상환</translation>
    </message>
    <message>
        <source>Debt written off</source>
        <translation>빚 탕감</translation>
    </message>
    <message>
        <source>Held until delivered</source>
        <translation>전달될 때까지 보관</translation>
    </message>
    <message>
        <source>Hold released</source>
        <translation>보관 해제</translation>
    </message>
    <message>
        <source>Delivered and paid</source>
        <translation>전달 완료, 결제</translation>
    </message>
    <message>
        <source>Added by the registry’s operator</source>
        <translation>레지스트리 운영자가 지급</translation>
    </message>
    <message>
        <source>Redeemed</source>
        <translation>등록 완료</translation>
    </message>
    <message>
        <source>Refunded</source>
        <translation>환불</translation>
    </message>
    <message>
        <source>Pass for one period</source>
        <translation>한 기간 패스</translation>
    </message>
    <message>
        <source>Pass refunded: it was not used</source>
        <translation>쓰지 않은 패스 환불</translation>
    </message>
    <message>
        <source>Bought to keep</source>
        <translation>소장용 구매</translation>
    </message>
    <message>
        <source>Paid in</source>
        <translation>입금됨</translation>
    </message>
    <message>
        <source>Moved to the wallet</source>
        <translation>지갑으로 옮김</translation>
    </message>
    <message>
        <source>Paid out</source>
        <translation>지급됨</translation>
    </message>
    <message>
        <source>The bank took the payment back</source>
        <translation>은행이 결제를 취소했습니다</translation>
    </message>
    <message>
        <source>From what came in</source>
        <translation>들어온 금액에서</translation>
    </message>
    <message>
        <source>By the registry’s operator</source>
        <translation>레지스트리 운영자가</translation>
    </message>
    <message>
        <source>Earned</source>
        <translation>수익</translation>
    </message>
    <message>
        <source>Royalty of a model made from yours</source>
        <translation>내 모델에서 파생된 모델의 로열티</translation>
    </message>
    <message>
        <source>Registry’s fee</source>
        <translation>레지스트리 수수료</translation>
    </message>
</context>
<context>
    <name>StepDots</name>
    <message>
        <source>Step {number} of {count}</source>
        <translation>{count}단계 중 {number}단계</translation>
    </message>
</context>
<context>
    <name>StylePage</name>
    <message>
        <source>Style transfer</source>
        <translation>스타일 옮기기</translation>
    </message>
    <message>
        <source>Plain form</source>
        <translation>일반 양식</translation>
    </message>
    <message>
        <source>Way to work</source>
        <translation>작업 방식</translation>
    </message>
    <message>
        <source>Another model</source>
        <translation>다른 모델</translation>
    </message>
    <message>
        <source>{label}: 1, 24, 48</source>
        <translation>{label}: 1, 24, 48</translation>
    </message>
    <message>
        <source>Paint one frame, the node paints the rest</source>
        <translation>한 프레임을 칠하면 나머지는 노드가 칠합니다</translation>
    </message>
    <message>
        <source>Opening the model…</source>
        <translation>모델을 여는 중…</translation>
    </message>
    <message>
        <source>Choose a model that paints by example</source>
        <translation>예시로 칠하는 모델을 고르세요</translation>
    </message>
    <message>
        <source>You give a picture and the same picture painted by you; it paints the others the same way.</source>
        <translation>그림 한 장과 그 위에 직접 칠한 그림을 주면, 나머지를 같은 방식으로 칠합니다.</translation>
    </message>
    <message>
        <source>Find one</source>
        <translation>찾아보기</translation>
    </message>
    <message>
        <source>Look at: {names}</source>
        <translation>확인하세요: {names}</translation>
    </message>
    <message>
        <source>Save film</source>
        <translation>영상 저장</translation>
    </message>
    <message>
        <source>It could not be saved: {reason}.</source>
        <translation>저장하지 못했습니다: {reason}.</translation>
    </message>
    <message>
        <source>Saved as {name}.</source>
        <translation>저장했습니다: {name}.</translation>
    </message>
</context>
<context>
    <name>TermsPanel</name>
    <message>
        <source>Create with this model</source>
        <extracomment>Another page is wanted: its id and arguments.</extracomment>
        <translation>이 모델로 만들기</translation>
    </message>
    <message>
        <source>Held when you press, paid when it has arrived.</source>
        <translation>누를 때 보관하고, 도착한 뒤에 결제합니다.</translation>
    </message>
    <message>
        <source>Licence and rights</source>
        <translation>라이선스와 권리</translation>
    </message>
    <message>
        <source>Where it runs</source>
        <translation>실행하는 곳</translation>
    </message>
    <message>
        <source>Package</source>
        <translation>패키지</translation>
    </message>
    <message>
        <source>credits / run</source>
        <translation>크레딧 / 회</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>예</translation>
    </message>
    <message>
        <source>no</source>
        <translation>아니요</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>라이선스</translation>
    </message>
    <message>
        <source>Commercial use</source>
        <translation>상업적 이용</translation>
    </message>
    <message>
        <source>Derived models</source>
        <translation>파생 모델</translation>
    </message>
    <message>
        <source>Your pictures</source>
        <translation>내가 만든 그림</translation>
    </message>
    <message>
        <source>Made from</source>
        <translation>바탕 모델</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>버전</translation>
    </message>
    <message>
        <source>Published</source>
        <translation>공개일</translation>
    </message>
    <message>
        <source>Creator</source>
        <translation>작가</translation>
    </message>
    <message>
        <source>Runs so far</source>
        <translation>누적 실행</translation>
    </message>
    <message>
        <source>Passes</source>
        <translation>패스</translation>
    </message>
    <message>
        <source>Keep this model</source>
        <translation>이 모델 소장하기</translation>
    </message>
    <message>
        <source>Price by the run</source>
        <translation>실행당 값</translation>
    </message>
    <message>
        <source>Who sells it</source>
        <translation>판매자</translation>
    </message>
    <message>
        <source>No node offers this model right now.</source>
        <translation>지금은 이 모델을 제공하는 노드가 없습니다.</translation>
    </message>
    <message>
        <source>Create · {price}</source>
        <translation>만들기 · {price}</translation>
    </message>
    <message>
        <source>Name here</source>
        <translation>이곳의 이름</translation>
    </message>
    <message>
        <source>Delivered in 90 days</source>
        <translation>90일간 전달</translation>
    </message>
    <message>
        <source>Failed, not charged</source>
        <translation>실패, 청구 안 됨</translation>
    </message>
    <message>
        <source>Disputed</source>
        <translation>분쟁</translation>
    </message>
    <message>
        <source>Given back</source>
        <translation>돌려받음</translation>
    </message>
    <message>
        <source>Each run</source>
        <translation>1회 실행</translation>
    </message>
    <message>
        <source>{unit} × {count}</source>
        <translation>{unit} × {count}</translation>
    </message>
    <message>
        <source>With its own settings</source>
        <translation>기본 설정일 때</translation>
    </message>
    <message>
        <source>Free each day</source>
        <translation>매일 무료</translation>
    </message>
    <message numerus="yes">
        <source>%Ln run(s)</source>
        <translation>
            <numerusform>%Ln회</numerusform>
        </translation>
    </message>
    <message>
        <source>Royalty for {listing}</source>
        <translation>{listing} 로열티</translation>
    </message>
    <message>
        <source>about {time}</source>
        <translation>약 {time}</translation>
    </message>
    <message>
        <source>waits {time}</source>
        <translation>대기 {time}</translation>
    </message>
    <message>
        <source>online</source>
        <translation>온라인</translation>
    </message>
    <message>
        <source>No node is online</source>
        <translation>온라인 노드 없음</translation>
    </message>
    <message>
        <source>Signed by its creator</source>
        <translation>작가가 서명함</translation>
    </message>
    <message>
        <source>Copy the package’s digest</source>
        <translation>패키지 다이제스트 복사</translation>
    </message>
    <message>
        <source>The package’s digest was copied.</source>
        <translation>패키지 다이제스트를 복사했습니다.</translation>
    </message>
</context>
<context>
    <name>Text</name>
    <message>
        <source>{amount} credit</source>
        <translation>{amount}크레딧</translation>
    </message>
    <message>
        <source>{amount} credits</source>
        <translation>{amount}크레딧</translation>
    </message>
    <message>
        <source>{number} %</source>
        <extracomment>Characters that turn the direction of whatever follows them: a title could turn its own price around. Currencies that are not counted in hundredths, by ISO 4217, and satoshis, which are not divided.</extracomment>
        <translation>{number}%</translation>
    </message>
    <message>
        <source>Text to image</source>
        <translation>글로 그리기</translation>
    </message>
    <message>
        <source>Image to image</source>
        <translation>그림 바꾸기</translation>
    </message>
    <message>
        <source>Style transfer</source>
        <translation>화풍 변환</translation>
    </message>
    <message>
        <source>Upscale</source>
        <translation>확대</translation>
    </message>
    <message>
        <source>Inpaint</source>
        <translation>부분 채우기</translation>
    </message>
    <message>
        <source>Background removal</source>
        <translation>배경 제거</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>글</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>어제</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count}초</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count}분</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours}시간 {minutes}분</translation>
    </message>
    <message>
        <source>{days} d {hours} h</source>
        <translation>{days}일 {hours}시간</translation>
    </message>
</context>
<context>
    <name>Toast</name>
    <message>
        <source>Close message</source>
        <translation>알림 닫기</translation>
    </message>
</context>
<context>
    <name>TopUpSheet</name>
    <message>
        <source>How to pay</source>
        <translation>결제 방법</translation>
    </message>
    <message>
        <source>Amount</source>
        <translation>금액</translation>
    </message>
    <message>
        <source>Amount in credits</source>
        <translation>금액 (크레딧)</translation>
    </message>
    <message>
        <source>Another amount, in credits</source>
        <translation>다른 금액 (크레딧)</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>This registry takes no payments. Redeem a voucher on the Wallet page instead.</source>
        <translation>이 레지스트리는 결제를 받지 않습니다. 지갑 페이지에서 이용권을 사용하세요.</translation>
    </message>
    <message>
        <source>How much</source>
        <translation>얼마나</translation>
    </message>
    <message>
        <source>You will be charged</source>
        <translation>결제될 금액</translation>
    </message>
    <message>
        <source>Top up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>Credits pay for runs, passes and models. What is not spent stays yours.</source>
        <translation>크레딧으로 실행, 패스, 모델 값을 냅니다. 쓰지 않은 것은 그대로 남습니다.</translation>
    </message>
    <message>
        <source>Make the invoice</source>
        <translation>청구서 만들기</translation>
    </message>
    <message>
        <source>Continue to payment</source>
        <translation>결제로 이동</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Opens a page in your browser.</source>
        <translation>브라우저에서 페이지를 엽니다.</translation>
    </message>
    <message>
        <source>Shows an invoice for your Lightning wallet.</source>
        <translation>라이트닝 지갑용 청구서를 보여 줍니다.</translation>
    </message>
    <message>
        <source>Real money</source>
        <translation>실제 돈</translation>
    </message>
    <message>
        <source>No cash value</source>
        <translation>현금 가치 없음</translation>
    </message>
    <message>
        <source>Another amount</source>
        <translation>다른 금액</translation>
    </message>
    <message>
        <source>Between {low} and {high}.</source>
        <translation>{low}에서 {high} 사이.</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>없음</translation>
    </message>
    <message>
        <source>The invoice as a QR code</source>
        <translation>청구서 QR 코드</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>복사</translation>
    </message>
    <message>
        <source>You may close this: the payment is noticed also after a restart.</source>
        <translation>닫아도 됩니다. 다시 시작한 뒤에도 결제를 알아차립니다.</translation>
    </message>
    <message>
        <source>Pay {amount}</source>
        <translation>{amount} 결제</translation>
    </message>
    <message>
        <source>{amount} arrive as soon as it is paid.</source>
        <translation>결제하는 즉시 {amount}이 들어옵니다.</translation>
    </message>
    <message>
        <source>Waiting for your wallet…</source>
        <translation>지갑을 기다리는 중…</translation>
    </message>
    <message>
        <source>Waiting for the payment in your browser…</source>
        <translation>브라우저에서의 결제를 기다리는 중…</translation>
    </message>
    <message>
        <source>Open the page again</source>
        <translation>페이지 다시 열기</translation>
    </message>
    <message>
        <source>I have paid</source>
        <translation>결제했습니다</translation>
    </message>
    <message>
        <source>Give up</source>
        <translation>그만두기</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>복사됨</translation>
    </message>
    <message>
        <source>{amount} arrived</source>
        <translation>{amount} 도착</translation>
    </message>
    <message>
        <source>They are in your wallet now.</source>
        <translation>이제 지갑에 있습니다.</translation>
    </message>
    <message>
        <source>The time to pay is over</source>
        <translation>결제 시간이 지났습니다</translation>
    </message>
    <message>
        <source>Nothing was added. If you paid at the last moment, it still arrives by itself.</source>
        <translation>충전되지 않았습니다. 마지막 순간에 결제했다면 저절로 들어옵니다.</translation>
    </message>
    <message>
        <source>The payment did not work</source>
        <translation>결제가 되지 않았습니다</translation>
    </message>
    <message>
        <source>Nothing was charged. Try again or choose another way.</source>
        <translation>청구되지 않았습니다. 다시 시도하거나 다른 방법을 고르세요.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>다시 시도</translation>
    </message>
</context>
<context>
    <name>UndoNotices</name>
    <message numerus="yes">
        <source>%Ln picture(s) deleted, with their receipts.</source>
        <translation>
            <numerusform>그림 %Ln장을 영수증과 함께 지웠습니다.</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>되돌리기</translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting job(s) forgotten.</source>
        <translation>
            <numerusform>기다리던 작업 %Ln개를 지웠습니다.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln picture(s) could not be deleted; let Artrator write in their folder and delete again.</source>
        <translation>
            <numerusform>그림 %Ln장을 지우지 못했습니다. 폴더에 쓸 수 있게 한 뒤 다시 지우세요.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WaitingTopUps</name>
    <message>
        <source>{amount} wait for your payment · {way}</source>
        <translation>{amount} 결제 대기 중 · {way}</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>계속</translation>
    </message>
    <message>
        <source>Give this top-up up</source>
        <translation>이 충전 그만두기</translation>
    </message>
</context>
<context>
    <name>WalletPage</name>
    <message>
        <source>Wallet</source>
        <extracomment>A pace is told from this many days on: before, it would be a guess. A balance that lasts longer than this needs no forecast.</extracomment>
        <translation>지갑</translation>
    </message>
    <message>
        <source>Money is only held until your picture arrives. Failed or cancelled is free.</source>
        <translation>그림이 도착할 때까지 크레딧을 보관만 합니다. 실패하거나 취소하면 무료입니다.</translation>
    </message>
    <message>
        <source>Available</source>
        <translation>사용 가능</translation>
    </message>
    <message>
        <source>On hold</source>
        <translation>보관 중</translation>
    </message>
    <message>
        <source>Export CSV</source>
        <translation>CSV 내보내기</translation>
    </message>
    <message>
        <source>Top up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>Spent this month</source>
        <translation>이번 달 사용</translation>
    </message>
    <message>
        <source>Show older entries</source>
        <translation>이전 내역 보기</translation>
    </message>
    <message>
        <source>Activity</source>
        <translation>내역</translation>
    </message>
    <message>
        <source>Your statement could not be read</source>
        <translation>내역을 읽지 못했습니다</translation>
    </message>
    <message>
        <source>Retry now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>Nothing has moved yet</source>
        <translation>아직 내역이 없습니다</translation>
    </message>
    <message>
        <source>Top up or redeem a voucher; every hold, payment and release will be listed here.</source>
        <translation>충전하거나 이용권을 사용하세요. 모든 보관, 지불, 해제가 여기에 적힙니다.</translation>
    </message>
    <message>
        <source>You owe {amount}: a top-up was taken back by your bank after it was spent. Until it is settled nothing can be ordered; what comes in pays it first.</source>
        <translation>{amount}의 빚이 있습니다. 쓴 뒤에 은행이 충전을 취소했습니다. 갚을 때까지 주문할 수 없고, 들어오는 금액은 먼저 빚을 갚습니다.</translation>
    </message>
    <message>
        <source>Spent in {month}</source>
        <translation>{month} 사용</translation>
    </message>
    <message numerus="yes">
        <source>%Ln picture(s)</source>
        <translation>
            <numerusform>그림 %Ln장</numerusform>
        </translation>
    </message>
    <message>
        <source>{pictures}, {amount} on average</source>
        <translation>{pictures}, 평균 {amount}</translation>
    </message>
    <message>
        <source>{amount} for passes and models</source>
        <translation>패스와 모델에 {amount}</translation>
    </message>
    <message>
        <source>at least {amount}</source>
        <translation>{amount} 이상</translation>
    </message>
    <message>
        <source>nothing so far</source>
        <translation>아직 없음</translation>
    </message>
    <message numerus="yes">
        <source>Lasts about %Ln day(s) at your pace</source>
        <translation>
            <numerusform>지금 속도로 약 %Ln일</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Lasts about %Ln week(s) at your pace</source>
        <translation>
            <numerusform>지금 속도로 약 %Ln주</numerusform>
        </translation>
    </message>
    <message>
        <source>Export the statement</source>
        <translation>내역 내보내기</translation>
    </message>
    <message>
        <source>Saved as {name}.</source>
        <translation>저장했습니다: {name}.</translation>
    </message>
    <message>
        <source>credits to spend</source>
        <translation>쓸 수 있는 크레딧</translation>
    </message>
    <message numerus="yes">
        <source>%Ln running job(s)</source>
        <translation>
            <numerusform>진행 중인 작업 %Ln개</numerusform>
        </translation>
    </message>
    <message>
        <source>released if nothing arrives</source>
        <translation>도착하지 않으면 해제</translation>
    </message>
    <message>
        <source>nothing is running</source>
        <translation>진행 중인 작업 없음</translation>
    </message>
    <message>
        <source>Type the code of your voucher first.</source>
        <translation>이용권 코드를 먼저 입력하세요.</translation>
    </message>
    <message>
        <source>{amount} were added to your balance.</source>
        <translation>잔액에 {amount}이 더해졌습니다.</translation>
    </message>
</context>
<context>
    <name>_Balance</name>
    <message>
        <source>Top up</source>
        <translation>충전</translation>
    </message>
    <message>
        <source>Balance</source>
        <translation>잔액</translation>
    </message>
    <message>
        <source>Balance: {amount}</source>
        <translation>잔액: {amount}</translation>
    </message>
    <message>
        <source>credits · {amount} on hold</source>
        <translation>크레딧 · {amount} 보관 중</translation>
    </message>
    <message>
        <source>credits</source>
        <translation>크레딧</translation>
    </message>
</context>
<context>
    <name>_MoneySheet</name>
    <message>
        <source>Amount in credits</source>
        <translation>금액 (크레딧)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>Available: {amount}.</source>
        <translation>사용 가능: {amount}.</translation>
    </message>
</context>
<context>
    <name>_Redeem</name>
    <message>
        <source>Redeem</source>
        <translation>등록</translation>
    </message>
    <message>
        <source>Voucher code</source>
        <translation>이용권 코드</translation>
    </message>
</context>
<context>
    <name>_Thumb</name>
    <message>
        <source>Remove {name}</source>
        <translation>{name} 빼기</translation>
    </message>
    <message>
        <source>{size} · click to remove</source>
        <translation>{size} · 누르면 빠집니다</translation>
    </message>
</context>
</TS>
